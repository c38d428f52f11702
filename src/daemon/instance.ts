import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readBoundedText } from '../files/disk/bounded-file.ts';
import { makeFolder } from '../files/disk/make-folder.ts';
import { writeWhole } from '../journal/records.ts';

const MAX_BYTES = 4_096;
const FORM = /^[0-9a-f]{8}$/;

/**
 * Identity of this installation: eight hexadecimal digits, made once and kept in the state directory. It is part of
 * every clone's name, so that a sweep finds the machines of previous processes and never touches anybody else's. One that
 * cannot be read is an error: with another one, nobody would ever find them.
 */
export async function instanceOf(stateDir: string): Promise<string> {
  await makeFolder(stateDir, 0o700);
  const path = join(stateDir, 'instance');
  const read = await readBoundedText(path, MAX_BYTES).catch(notThere);
  if ('unread' in read) throw new Error(`${path} cannot be read: ${read.unread}`);
  const kept = read.text.trim();
  if (FORM.test(kept)) return kept;
  const made = randomBytes(4).toString('hex');
  // before the first machine is named after it
  await writeWhole(path, `${made}\n`, `${path}.draft`);
  return made;
}

function notThere(error: NodeJS.ErrnoException): { readonly text: string } {
  if (error.code === 'ENOENT') return { text: '' };
  throw error;
}

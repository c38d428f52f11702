import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../files/disk/make-folder.ts';
import { writeWhole } from '../journal/records.ts';

const FORM = /^[0-9a-f]{8}$/;

/**
 * Identity of this installation: eight hexadecimal digits, made once and kept in the state directory. It is part of
 * every clone's name, so that a sweep finds the machines of previous processes and never touches anybody else's. One that
 * cannot be read is an error: with another one, nobody would ever find them.
 */
export async function instanceOf(stateDir: string): Promise<string> {
  await makeFolder(stateDir, 0o700);
  const path = join(stateDir, 'instance');
  const kept = (await readFile(path, 'utf8').catch(notThere)).trim();
  if (FORM.test(kept)) return kept;
  const made = randomBytes(4).toString('hex');
  // before the first machine is named after it
  await writeWhole(path, `${made}\n`, `${path}.draft`);
  return made;
}

function notThere(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}

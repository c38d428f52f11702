import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ShipError } from '../errors.ts';
import { readBoundedText } from '../files/disk/bounded-file.ts';
import { makeFolder } from '../files/disk/make-folder.ts';
import { writeWhole } from '../journal/records.ts';

const MAX_BYTES = 4_096;
const FORM = /^[0-9a-f]{8}$/;

/**
 * Identity of this installation: eight hexadecimal digits, made once and kept in the state directory. It is part of
 * every clone's name, so that a sweep finds the machines of previous processes and never touches anybody else's. Only
 * where there is no file is one made, and that whole (`writeWhole`): with another identity than that of before, nobody
 * would ever find the machines that are left.
 *
 * @throws ShipError STATE_UNREADABLE
 */
export async function instanceOf(stateDir: string): Promise<string> {
  await makeFolder(stateDir, 0o700);
  const path = join(stateDir, 'instance');
  const read = await readBoundedText(path, MAX_BYTES).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw unreadable(path, `the system said ${error.code}`);
  });
  if (read === undefined) return make(path);
  if ('unread' in read) throw unreadable(path, read.unread);
  const kept = read.text.trim();
  if (FORM.test(kept)) return kept;
  throw unreadable(path, kept === '' ? 'it is empty' : 'it does not hold eight hexadecimal digits');
}

async function make(path: string): Promise<string> {
  const made = randomBytes(4).toString('hex');
  // before the first machine is named after it
  await writeWhole(path, `${made}\n`, `${path}.draft`);
  return made;
}

const unreadable = (path: string, why: string): ShipError =>
  new ShipError('STATE_UNREADABLE', {
    summary: `The identity of this installation cannot be read from "${path}".`,
    reason: `Of the file: ${why}. With another identity, machines that are left would never be found.`,
    nextStep:
      'Take the file from a backup, or write the eight digits into it that stand behind "perry-ship-" in the names of its machines and in its log. Where no machine is left, remove the file: a new identity is made.',
  });

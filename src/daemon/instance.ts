import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FORM = /^[0-9a-f]{8}$/;

/**
 * Identity of this installation: eight hexadecimal digits, made once and kept in the state directory. It is part of
 * every clone's name, so that a sweep finds the machines of earlier lives and never touches anybody else's.
 */
export async function instanceOf(stateDir: string): Promise<string> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const path = join(stateDir, 'instance');
  const kept = (await readFile(path, 'utf8').catch(() => '')).trim();
  if (FORM.test(kept)) return kept;
  const made = randomBytes(4).toString('hex');
  await writeFile(path, `${made}\n`, { mode: 0o600 });
  return made;
}

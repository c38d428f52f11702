import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

const FORM = /^[0-9a-f]{8}$/;

/**
 * Identity of this installation: eight hexadecimal digits, made once and kept in the state directory. It is part of
 * every clone's name, so that a sweep finds the machines of earlier lives and never touches anybody else's. One that
 * cannot be read is an error: with another one, nobody would ever find them.
 */
export async function instanceOf(stateDir: string): Promise<string> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const path = join(stateDir, 'instance');
  const kept = (await readFile(path, 'utf8').catch(notThere)).trim();
  if (FORM.test(kept)) return kept;
  const made = randomBytes(4).toString('hex');
  await keep(path, `${made}\n`);
  return made;
}

function notThere(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}

/** Whole and on the disk before the first machine is named after it; a draft that a kill left is written over. */
async function keep(path: string, text: string): Promise<void> {
  const draft = `${path}.draft`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';

/** What everybody may read and its owner alone may write, as launchd and systemd want it; a half one is never seen. */
export async function writeWorldReadable(path: string, bytes: Buffer | string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, bytes, { mode: 0o644, flag: 'wx' });
  await rename(draft, path);
}

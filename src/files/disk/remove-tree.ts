import { opendir, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

interface Retries {
  readonly maxRetries?: number;
  readonly retryDelay?: number;
}

/**
 * Removes a folder of which a stranger chose what is in it; one that is not there is removed. One file after the other:
 * `rm` alone asks for all files of a folder at once, which takes 240 MB and stops everything else for seconds when they
 * are 100,000.
 */
export async function removeTree(folder: string, retries: Retries = {}): Promise<void> {
  // whatever stops it, `rm` meets again: it tries again, and says what is wrong
  await emptied(folder).catch(() => {});
  await rm(folder, { recursive: true, force: true, ...retries });
}

async function emptied(folder: string): Promise<void> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    const removed = entry.isDirectory() ? emptied(path).then(() => rmdir(path)) : unlink(path);
    await removed.catch(goneAlready);
  }
}

/** An earlier attempt that nobody waits for any more may still be at work. */
function goneAlready(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

import { lstat, readdir, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Usage {
  /** As the file system counts them: of a sparse file only what is written. */
  readonly bytes: number;
  /** False when there was more than was looked at. */
  readonly isWhole: boolean;
}

/** A folder of ours never comes near it; one that somebody put there must not hold us up. */
const MAX_ENTRIES = 200_000;
const BLOCK_BYTES = 512;

/** What a folder takes of its disk, links not followed. What is not there, or goes meanwhile, takes nothing. */
export async function usageOf(folder: string, maxEntries = MAX_ENTRIES): Promise<Usage> {
  const left = [folder];
  let [bytes, seen] = [0, 0];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (seen >= maxEntries) return { bytes, isWhole: false };
    seen += 1;
    const stats = await lstat(path).catch(() => undefined);
    if (!stats) continue;
    bytes += stats.blocks * BLOCK_BYTES;
    if (stats.isDirectory()) for (const name of await namesIn(path)) left.push(join(path, name));
  }
  return { bytes, isWhole: true };
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

/** A disk that hangs keeps a thread of the few that all files need: nobody asks once more meanwhile. */
const asked = new Map<string, Promise<number | undefined>>();

/**
 * Of the nearest folder that exists; `undefined` when the system does not say. One question at a time for each folder: who
 * asks meanwhile gets its answer.
 */
export function freeBytesAt(folder: string): Promise<number | undefined> {
  const answer = asked.get(folder) ?? askFreeBytes(folder).finally(() => asked.delete(folder));
  asked.set(folder, answer);
  return answer;
}

async function askFreeBytes(folder: string): Promise<number | undefined> {
  const facts = await statfs(folder).catch(() => undefined);
  if (facts) return facts.bavail * facts.bsize;
  return dirname(folder) === folder ? undefined : freeBytesAt(dirname(folder));
}

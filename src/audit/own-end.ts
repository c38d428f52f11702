import type { FileHandle } from 'node:fs/promises';
import { lstat } from 'node:fs/promises';
import { readRange } from '../files/disk/read-range.ts';
import { digestOf } from './chain-line.ts';
import { unlessMissing } from './read-lines.ts';

/** The last line, but for a long one, and what stands before that. */
const END_BYTES = 8 * 1024;

/** Size and last bytes of an open file, so that whoever goes on with it knows whether anybody else has been there. */
export async function endOf(file: FileHandle): Promise<string> {
  const { size } = await file.stat();
  const start = Math.max(0, size - END_BYTES);
  return `${size}:${digestOf(await readRange(file, start, size - start))}`;
}

/** Whoever moves a file away takes with it what is written to it. */
export async function isAt(path: string, file: FileHandle): Promise<boolean> {
  const [own, there] = await Promise.all([file.stat(), lstat(path).catch(unlessMissing)]);
  return there?.ino === own.ino && there.dev === own.dev;
}

import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { makeFolder } from '../files/disk/make-folder.ts';
import { writeWhole } from '../journal/records.ts';
import { markPathOf } from './places.ts';
import { unlessMissing } from './read-lines.ts';

/**
 * Whether a chain ever had a line. That is kept in the journal, apart from the chain and its head: without it a chain
 * that was removed with its head would look like one that has not begun.
 *
 * @throws the system's error
 */
export const isMarked = async (chainPath: string): Promise<boolean> =>
  (await stat(markPathOf(chainPath)).catch(unlessMissing)) !== undefined;

/** To be set when the chain has a line and its head, so that a kill never leaves a mark without them. */
export async function setMark(chainPath: string): Promise<void> {
  const path = markPathOf(chainPath);
  await makeFolder(dirname(path), 0o700);
  await writeWhole(path, `${JSON.stringify({ v: 1, chain: basename(chainPath) })}\n`, `${path}.draft`);
}

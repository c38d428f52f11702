import { lstat } from 'node:fs/promises';
import * as z from 'zod';
import { readBoundedText } from '../files/disk/bounded-file.ts';
import { putInPlace, writeDraft } from '../journal/records.ts';
import { type Position, position } from './chain-line.ts';
import { unlessMissing } from './read-lines.ts';

const MAX_BYTES = 4 * 1024;
const schema = z.object({ v: z.literal(1), ...position.shape });

/** Beside `signatures.jsonl`. */
export const headPathOf = (chainPath: string): string => `${chainPath.replace(/\.jsonl$/, '')}.head`;

/**
 * Which line is the last one, kept apart from the lines: so that those that are cut off are missed. As much of that as may
 * fail is done first: a line whose head cannot be written is not to be written either.
 *
 * @returns puts it in its place
 * @throws the system's error, with the path that it is about
 */
export async function prepareHead(
  chainPath: string,
  { number, sha256Hex }: Position,
): Promise<() => Promise<void>> {
  const path = headPathOf(chainPath);
  const draft = `${path}.draft`;
  if ((await lstat(path).catch(unlessMissing))?.isDirectory())
    throw Object.assign(new Error(`${path} is a folder`), { code: 'EISDIR', path });
  await writeDraft(draft, `${JSON.stringify({ v: 1, number, sha256Hex })}\n`);
  return () => putInPlace(draft, path);
}

/** Both at once, of a line that is written. @throws as `prepareHead` */
export const writeHead = async (chainPath: string, position: Position): Promise<void> =>
  (await prepareHead(chainPath, position))();

/** `missing`, or `garbled` for what was not written here. @throws the system's error, but for a file that is not there */
export async function readHead(chainPath: string): Promise<Position | 'missing' | 'garbled'> {
  try {
    const read = await readBoundedText(headPathOf(chainPath), MAX_BYTES);
    if ('unread' in read) return 'garbled';
    return headIn(read.text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'missing';
    // a link in a circle
    if (code === 'ELOOP') return 'garbled';
    throw error;
  }
}

function headIn(text: string): Position | 'garbled' {
  try {
    const { number, sha256Hex } = schema.parse(JSON.parse(text));
    return { number, sha256Hex };
  } catch {
    return 'garbled';
  }
}

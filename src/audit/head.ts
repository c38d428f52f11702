import * as z from 'zod';
import { readBoundedText } from '../files/disk/bounded-file.ts';
import { writeWhole } from '../journal/records.ts';
import { type Position, position } from './chain-line.ts';

const MAX_BYTES = 4 * 1024;
const schema = z.object({ v: z.literal(1), ...position.shape });

/** Beside `signatures.jsonl`. */
export const headPathOf = (chainPath: string): string => `${chainPath.replace(/\.jsonl$/, '')}.head`;

/** Which line is the last one, kept apart from the lines: so that those that are cut off are missed. */
export const writeHead = (chainPath: string, { number, sha256Hex }: Position): Promise<void> => {
  const path = headPathOf(chainPath);
  return writeWhole(path, `${JSON.stringify({ v: 1, number, sha256Hex })}\n`, `${path}.draft`);
};

/** `missing`, or `garbled` for what was not written here. @throws the system's error, but for a file that is not there */
export async function readHead(chainPath: string): Promise<Position | 'missing' | 'garbled'> {
  try {
    const read = await readBoundedText(headPathOf(chainPath), MAX_BYTES);
    if ('unread' in read) return 'garbled';
    return headIn(read.text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
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

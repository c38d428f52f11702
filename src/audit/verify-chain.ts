import { stat } from 'node:fs/promises';
import { nextTurn } from '../turns.ts';
import { ChainCheck, type CheckedLines } from './chain-check.ts';
import type { Before, Position } from './chain-line.ts';
import { readHead } from './head.ts';
import { isMarked } from './mark.ts';
import { PassedBytes } from './passed-bytes.ts';
import { readLines, unlessMissing } from './read-lines.ts';

export interface ChainReport extends CheckedLines {
  /** Nothing was found but what is acknowledged. */
  readonly ok: boolean;
  readonly path: string;
  readonly sizeBytes: number;
  /** All that was read, and the newline of the last line. */
  readonly whole: Before;
}

export interface VerifyOptions {
  readonly signal: AbortSignal;
  /** Lines that were noted down elsewhere, such as in a log that was sent away. */
  readonly noted?: readonly Position[];
}

/** Short lines of somebody else: 16,000 of them fit into one piece. */
const LINES_AT_ONCE = 1_000;

/**
 * Reads a chain from its first line to its last, once, and compares it with its head: whatever was changed, taken out,
 * put in or cut off since is found. A daemon may write to it meanwhile, and work beside it: others have their turn.
 *
 * @throws the system's error · the signal's reason
 */
export async function verifyChain(path: string, { signal, noted = [] }: VerifyOptions): Promise<ChainReport> {
  // in the order in which none of them is ever ahead of the next
  const hasBegun = await isMarked(path);
  const check = new ChainCheck({ noted, hasBegun, head: await readHead(path) });
  const passed = new PassedBytes();
  for await (const line of readLines(path, signal, passed)) {
    check.hear(line, passed);
    if (line.at % LINES_AT_ONCE === 0) await nextTurn();
  }
  const checked = check.end(await readHead(path));
  const stats = await stat(path).catch(unlessMissing);
  return {
    ok: checked.findingCount === 0,
    path,
    sizeBytes: stats?.size ?? 0,
    whole: passed.digest,
    ...checked,
  };
}

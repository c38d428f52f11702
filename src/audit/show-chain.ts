import { type ChainLine, parseLine } from './chain-line.ts';
import { readLines } from './read-lines.ts';

export interface ShowWish {
  readonly signal: AbortSignal;
  /** By its first letters. */
  readonly job?: string;
  readonly sinceAtMs?: number;
}

/** Lines of a chain, in their order; what is none is passed over. @throws the system's error · the signal's reason */
export async function* showChain(path: string, wish: ShowWish): AsyncGenerator<ChainLine, void> {
  for await (const { bytes } of readLines(path, wish.signal)) {
    const line = parseLine(bytes);
    if (line && isWanted(line, wish)) yield line;
  }
}

function isWanted({ at, job }: ChainLine, { job: wanted, sinceAtMs }: ShowWish): boolean {
  if (sinceAtMs !== undefined && Date.parse(at) < sinceAtMs) return false;
  return wanted === undefined || (typeof job === 'string' && job.startsWith(wanted));
}

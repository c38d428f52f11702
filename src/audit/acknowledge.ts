import { type LineContent, MAX_REASON_LENGTH } from './chain-line.ts';
import type { ChainReport } from './verify-chain.ts';

/** A person has looked into what is wrong with a chain, and says so in it. */
export interface Acknowledgement {
  /** The breaks that the person has seen, as `verify` names them. */
  readonly breaksId: string;
  readonly reason: string;
  /** Name of the person's user. */
  readonly by: string;
}

/** Somebody may acknowledge only what is there, and what was seen. */
export const breaksUnknown = {
  code: 'BREAKS_UNKNOWN',
  summary: 'Nothing was acknowledged: no account of signatures here has exactly these breaks.',
  reason: 'There are others, more of them, or none.',
  nextStep:
    'Run "perry-ship audit verify", look into what it finds, and take the name of the breaks from there.',
} as const;

/** What a line about breaks tells of them; the rest of them is in the file, before it. */
const MOST_TOLD = 20;

/**
 * The line in which breaks are acknowledged. It holds for as long as the file up to it stays what it is: later changes
 * before it make it void, and what happens behind it was never meant.
 */
export function acknowledgementOf(
  { findings, findingCount, whole }: Pick<ChainReport, 'findings' | 'findingCount' | 'whole'>,
  { reason, by }: Acknowledgement,
): LineContent {
  return {
    kind: 'acknowledged',
    ...{ by: by.slice(0, 300), reason: reason.slice(0, MAX_REASON_LENGTH) },
    before: whole,
    breaks: { count: findingCount, first: findings.slice(0, MOST_TOLD) },
  };
}

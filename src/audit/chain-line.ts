import { createHash } from 'node:crypto';
import * as z from 'zod';

/** Longest line of a chain, in bytes, its newline not counted; a longer one is not written, and not read. */
export const MAX_LINE_BYTES = 512 * 1024;

/** Longest reason of somebody who acknowledges a break. */
export const MAX_REASON_LENGTH = 1_000;

/** What the first line of a chain has in the place of a digest. */
export const NO_LINE = '0'.repeat(64);

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();

/** Far above the lines that any chain ever has: what is in the place of a number never keeps the next one from being read. */
export const MAX_NUMBER = 1_000_000_000_000;

/** After the highest one of all, which somebody else has written, it begins anew. */
export const numberAfter = (number: number): number => (number % MAX_NUMBER) + 1;

/** Which line of a chain, and the SHA-256 of its bytes without the newline. */
export interface Position {
  /** The number in the line, counted from 1. */
  readonly number: number;
  readonly sha256Hex: string;
}

export const position = z.object({ number: count.max(MAX_NUMBER), sha256Hex: sha256 });

/** Bytes behind the last whole line, as a kill or a loss of power leaves them: they stay, and are named. */
export const remains = z.object({ bytes: count, sha256Hex: sha256 });
export type Remains = z.output<typeof remains>;

/** What every line has; what else is in it depends on its kind. */
const line = z.looseObject({
  v: z.literal(1),
  /** One more than in the line before. */
  number: z.int().positive().max(MAX_NUMBER),
  /** ISO 8601, by the clock of this host. */
  at: z.iso.datetime(),
  /** SHA-256 of the bytes of the line before, without its newline. */
  previous: sha256,
  kind: z.string().regex(/^[a-z]{1,40}$/),
});

export type ChainLine = z.output<typeof line>;

/** What a chain says of itself. `broken`: the file was not as it had been left, and goes on from here all the same. */
export const brokenLine = line.extend({
  kind: z.literal('broken'),
  fault: z.string().max(1_000),
  /** As the head had it. */
  expected: position.nullable(),
  remains: remains.nullable(),
});
export const recoveredLine = line.extend({ kind: z.literal('recovered'), remains });

/** Everything that the file held before a line. */
export const before = z.object({ bytes: count, sha256Hex: sha256 });
export type Before = z.output<typeof before>;

/** A person knows of what is wrong before this line, and has said so. */
export const acknowledgedLine = line.extend({
  kind: z.literal('acknowledged'),
  by: z.string().max(300),
  reason: z.string().max(MAX_REASON_LENGTH),
  before,
});

export const digestOf = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex');

export interface LineContent {
  readonly kind: string;
  readonly [name: string]: unknown;
}

/**
 * The bytes of a line, with its newline, and where the chain stands with it.
 *
 * @throws Error for what could not be read back, which is a defect of ours
 */
export function writeLine(
  after: Position | null,
  { kind, ...content }: LineContent,
  at: Date,
  number = numberAfter(after?.number ?? 0),
): { readonly text: string; readonly position: Position } {
  const previous = after?.sha256Hex ?? NO_LINE;
  const text = JSON.stringify({ v: 1, number, at: at.toISOString(), previous, kind, ...content });
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_LINE_BYTES) throw new Error(`a line of the kind ${kind} is too long`);
  if (!parseLine(bytes)) throw new Error(`a line of the kind ${kind} could not be read back`);
  return { text: `${text}\n`, position: { number, sha256Hex: digestOf(text) } };
}

const OPENING_BRACE = 0x7b;

/** `undefined` for what is no line of a chain. */
export function parseLine(bytes: Buffer): ChainLine | undefined {
  if (bytes[0] !== OPENING_BRACE) return undefined;
  try {
    return line.safeParse(JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

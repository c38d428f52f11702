import { withoutTerminalSequences } from '../../text.ts';

/** Replaces every known secret in a text; given by the caller, who alone knows the secrets of a run. */
export type Redact = (text: string) => string;

/** Terminal escapes, C0/C1 controls, line and paragraph separators, and marks that reorder what a person reads. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]+/gu;

/**
 * Makes a text fit for one line on somebody's terminal: secrets out, no control characters, at most `maxBytes`
 * of UTF-8. Redaction runs on both sides of the cleaning, because removing a control character can join the
 * halves of a secret, and before the cut, because half a secret is still one.
 */
export function wireText(text: string, maxBytes: number, redact: Redact): string {
  const printable = withoutTerminalSequences(redact(text)).replace(UNPRINTABLE, ' ').trimEnd();
  return cutUtf8(redact(printable), maxBytes);
}

/** The longest start of `text` that has at most `maxBytes` in UTF-8 and does not end inside a character. */
export function cutUtf8(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return bytes.toString('utf8');
  let end = maxBytes;
  while (end > 0 && isContinuation(bytes[end])) end -= 1;
  return bytes.toString('utf8', 0, end);
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

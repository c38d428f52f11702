/** Clocks of machines without a network may be off by minutes; no signature takes so long to come back. */
const MAX_OFF_MS = 24 * 60 * 60 * 1000;

/**
 * The machine could name any time in a signature, and whether a certificate was valid when it signed is asked of that
 * time. Nobody has vouched yet for who confirms a time stamp, so its time is looked at as well.
 *
 * @param times - that the signer claims and that a time stamp names, as far as they are there
 * @returns what is wrong, as a whole sentence
 */
export function signingTimeFault(times: readonly (Date | undefined)[], nowMs: number): string | undefined {
  const wrong = times.find((time) => time && !(Math.abs(time.getTime() - nowMs) <= MAX_OFF_MS));
  if (!wrong) return undefined;
  const said = Number.isNaN(wrong.getTime()) ? 'at no known time' : `at ${wrong.toISOString()}`;
  return `Its signature says that it was made ${said}, and it was made within the last day.`;
}

/** A compressed stream that does not follow its format. The message is one sentence: the fact, with its numbers. */
export class LzfseFault extends Error {}

export function demand(holds: boolean, fact: string | (() => string)): asserts holds {
  if (!holds) throw new LzfseFault(typeof fact === 'string' ? fact : fact());
}

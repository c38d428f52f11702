/**
 * Works on a few items at once and hands the results out in the order of the items; nothing is taken from
 * `source` while `inFlight` results wait, so memory stays bounded.
 */
export async function* mapInOrder<Item, Result>(
  source: AsyncIterable<Item> | Iterable<Item>,
  inFlight: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const waiting: Promise<Result>[] = [];
  for await (const item of source) {
    const result = work(item);
    result.catch(() => {}); // seen below; until then a rejection must not count as unhandled
    waiting.push(result);
    if (waiting.length >= inFlight) yield (await waiting.shift()) as Result;
  }
  for (const result of waiting) yield await result;
}

/** Works on all items, a few at once; after the last one rejects with the first error, if there was one. */
export async function forEachAtOnce<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const shared = items.values();
  const worker = async () => {
    for (const item of shared) await work(item);
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

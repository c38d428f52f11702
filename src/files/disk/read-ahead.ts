/**
 * Lets a source work on its next items while the reader is busy with the last one; at most `count` of them wait. Not
 * for a source whose items are only good until the next one.
 */
export async function* readAhead<T>(source: AsyncIterable<T>, count: number): AsyncGenerator<T, void> {
  const items = source[Symbol.asyncIterator]();
  const waiting: Promise<IteratorResult<T>>[] = [];
  const ask = () => {
    const next = items.next();
    next.catch(() => {}); // seen when its turn has come
    waiting.push(next);
  };
  try {
    while (waiting.length < count) ask();
    for (let item = await waiting.shift(); item && !item.done; item = await waiting.shift()) {
      ask();
      yield item.value;
    }
  } finally {
    await items.return?.();
  }
}

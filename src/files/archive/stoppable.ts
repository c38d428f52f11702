/**
 * Passes the items of `source` on, and ends with the signal's reason the moment it aborts, even while the source
 * is silent. A source that was left in the middle is told so by its `return()`.
 */
export async function* stoppable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  const iterator = source[Symbol.asyncIterator]();
  let waiting = true;
  try {
    for (;;) {
      const step = await nextOrAbort(iterator, signal);
      if (step.done) return;
      waiting = false;
      yield step.value;
      waiting = true;
    }
  } finally {
    const returned = iterator.return?.();
    // A generator that is still waiting for its own source answers `return` only after that: do not wait for it.
    if (waiting) void returned?.catch(() => {});
    else await returned;
  }
}

function nextOrAbort<T>(iterator: AsyncIterator<T>, signal: AbortSignal): Promise<IteratorResult<T>> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    iterator
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

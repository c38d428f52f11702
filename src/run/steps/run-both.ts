type Work<T> = (signal: AbortSignal) => Promise<T>;

/** Runs two works at once. When one fails the other is stopped, and waited for, before the error is thrown. */
export async function runBoth<A, B>(
  signal: AbortSignal,
  one: Work<A>,
  other: Work<B>,
): Promise<readonly [A, B]> {
  const failing = new AbortController();
  const shared = AbortSignal.any([signal, failing.signal]);
  const stopOther = (error: unknown): never => {
    failing.abort(error);
    throw error;
  };
  const both = [one(shared).catch(stopOther), other(shared).catch(stopOther)] as const;
  await Promise.allSettled(both);
  failing.signal.throwIfAborted();
  return Promise.all(both);
}

/**
 * A signal that is aborted with another one, or when the time is over.
 *
 * Node 20 holds the parts of `AbortSignal.any` weakly: a time-out that nobody else holds is collected as garbage and
 * never comes. A listener of its own keeps it.
 */
export function withDeadline(signal: AbortSignal, timeoutMs: number): AbortSignal {
  const deadline = AbortSignal.timeout(timeoutMs);
  deadline.addEventListener('abort', () => {}, { once: true });
  return AbortSignal.any([signal, deadline]);
}

/**
 * Waits for what cannot be stopped, such as a call of the system that a disk does not answer: it goes on by itself.
 *
 * @throws what the work throws · the signal's reason
 */
export async function waitFor<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp = (): void => {};
  const over = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

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

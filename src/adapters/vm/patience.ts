/** Whether a promise settles in time; nothing is kept alive by the waiting. */
export function settlesWithin(work: Promise<unknown>, timeMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const time = AbortSignal.timeout(timeMs);
    const tooLate = () => resolve(false);
    time.addEventListener('abort', tooLate, { once: true });
    const settled = () => {
      time.removeEventListener('abort', tooLate);
      resolve(true);
    };
    work.then(settled, settled);
  });
}

/** Waits for work that goes on when nobody waits for it any more. @throws what the work throws · the signal's reason */
export function unlessAborted<T>(work: Promise<T> | undefined, signal: AbortSignal): Promise<T | undefined> {
  if (!work) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

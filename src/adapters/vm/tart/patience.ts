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

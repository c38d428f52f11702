/** Full jitter in the upper half: workers that lost the same service do not come back in step. */
export const jittered = (delayMs: number): number => delayMs * (0.5 + Math.random() / 2);

/** Full jitter in the upper half: workers that lost the same service do not come back in step. */
export const jittered = (delayMs: number): number => delayMs * (0.5 + Math.random() / 2);

/** Up to a quarter longer, never shorter: what the other side asked for is kept. */
export const stretched = (delayMs: number): number => delayMs * (1 + Math.random() / 4);

/** What a soak repeats; `PERRY_SOAK_KILLS=1000` and so on set one. */
export interface SoakCounts {
  /** In the suite: as few as still meet every case that is asserted. */
  readonly suite: number;
  /** For `npm run test:soak`. */
  readonly full: number;
}

/** How often, by the variable `PERRY_SOAK_<name>`, or `PERRY_SOAK=full`, or as in the suite. */
export function soakCount(name: string, { suite, full }: SoakCounts): number {
  const given = process.env[`PERRY_SOAK_${name}`];
  if (given === undefined) return process.env.PERRY_SOAK === 'full' ? full : suite;
  const count = Number(given);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new Error(`PERRY_SOAK_${name} must be a whole number above 0, not "${given}"`);
}

/** Whether a goal is met, as a cell of a table. */
export const judged = (isMet: boolean): string => (isMet ? 'met' : 'MISSED');

/** What the garbage collector leaves standing differs by as much from one round to the next. */
const UNEVEN_SHARE = 0.1;
const UNEVEN_BYTES = 16 * 1_048_576;

/** Memory at rest after each round, in bytes: it does not grow from the first one on. */
export function isFlat([first = Number.NaN, ...later]: readonly number[]): boolean {
  return later.every((bytes) => bytes <= first * (1 + UNEVEN_SHARE) + UNEVEN_BYTES);
}

/** Something that could happen next. */
export interface Happening {
  readonly name: string;
  /** Out of the sum of all that could happen. */
  readonly weight: number;
  readonly happen: () => void;
}

export const happening = (name: string, weight: number, happen: () => void): Happening => ({
  name,
  weight,
  happen,
});

/** The one that a number falls on. */
export function picked(happenings: readonly Happening[], pick: number): Happening {
  const total = happenings.reduce((sum, { weight }) => sum + weight, 0);
  let left = pick % total;
  const found = happenings.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  return found as Happening;
}

/** A guard as XState's `and`, `or` and `not` make it: a function of that name, with the guards that it is made of. */
interface Made {
  readonly name?: string;
  readonly type?: string;
  readonly guards?: readonly unknown[];
}

/** A condition as it is read: `claimIsValid and not hasNewerToken`. */
export function guardText(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  const { name, type, guards } = guard as Made;
  if (guards === undefined || name === undefined) return type ?? name ?? 'guard';
  const parts = guards.map((each) => (isCompound(each) ? `(${guardText(each)})` : guardText(each)));
  return name === 'not' ? `not ${parts.join('')}` : parts.join(` ${name} `);
}

/** `not` binds more closely than the others, and needs no brackets. */
const isCompound = (guard: unknown): boolean => {
  const { name, guards } = guard as Made;
  return guards !== undefined && name !== 'not';
};

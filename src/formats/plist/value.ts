/**
 * A property list as values that keep what plists tell apart and JavaScript does not:
 *
 * | plist | here |
 * |---|---|
 * | integer | `number`, or `bigint` beyond ±(2^53 - 1); -2^63 … 2^64 - 1 |
 * | real | `number` with a fraction (or NaN, ±Infinity); `PlistReal` when its value is integral |
 * | date | `Date`; XML keeps whole seconds only |
 * | data | `Buffer` |
 * | dict | an object without a prototype, so that a key `__proto__` is a key like any other |
 */
export type PlistValue =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Buffer
  | PlistReal
  | PlistValue[]
  | PlistDict;

export interface PlistDict {
  [key: string]: PlistValue;
}

/** A `real` whose value is integral: as a plain number it would be written as an `integer`. */
export class PlistReal {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export const newDict = (entries: Iterable<readonly [string, PlistValue]> = []): PlistDict => {
  const dict = Object.create(null) as PlistDict;
  for (const [key, value] of entries) dict[key] = value;
  return dict;
};

export const isDict = (value: PlistValue | undefined): value is PlistDict =>
  typeof value === 'object' &&
  !Array.isArray(value) &&
  !Buffer.isBuffer(value) &&
  !(value instanceof Date) &&
  !(value instanceof PlistReal);

/** The string under `key`; undefined when it is absent or of another type. */
export function stringAt(dict: PlistDict, key: string): string | undefined {
  const value = Object.hasOwn(dict, key) ? dict[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** True when both hold the same entries of the same types; the order of dict keys does not count. */
export function plistEquals(a: PlistValue, b: PlistValue): boolean {
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((v, i) => plistEquals(v, b[i] ?? ''));
  if (isDict(a)) return isDict(b) && dictEquals(a, b);
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b);
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  if (a instanceof PlistReal) return b instanceof PlistReal && Object.is(a.value, b.value);
  return Object.is(a, b);
}

const dictEquals = (a: PlistDict, b: PlistDict): boolean => {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && plistEquals(a[key] ?? '', b[key] ?? ''));
};

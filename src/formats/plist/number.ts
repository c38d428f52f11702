import { MAX_PLIST_INTEGER, MIN_PLIST_INTEGER, PlistFault } from './limits.ts';
import { PlistReal } from './value.ts';

/** A `number` where that is exact, a `bigint` beyond. */
export function integerValue(value: bigint): number | bigint {
  if (value < MIN_PLIST_INTEGER || value > MAX_PLIST_INTEGER)
    throw new PlistFault('An integer needs more than 64 bits');
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

export const realValue = (value: number): number | PlistReal =>
  Number.isInteger(value) ? new PlistReal(value) : value;

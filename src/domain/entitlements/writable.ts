import { isDict, type PlistDict, type PlistValue } from '../../formats/plist/index.ts';

/**
 * The first key whose value has no form in DER, in which systems since iOS 15 and macOS 12 read entitlements: rcodesign
 * 0.29.0 ends with "encoding of date values not supported". Texts, truth values, integers, arrays and dicts have one.
 */
export const unwritableKey = (entitlements: PlistDict): string | undefined =>
  Object.entries(entitlements).find(([, value]) => !isWritable(value))?.[0];

function isWritable(value: PlistValue): boolean {
  if (Array.isArray(value)) return value.every(isWritable);
  if (isDict(value)) return Object.values(value).every(isWritable);
  if (typeof value === 'number') return Number.isInteger(value);
  if (typeof value === 'bigint') return value === BigInt.asIntN(64, value);
  return typeof value === 'string' || typeof value === 'boolean';
}

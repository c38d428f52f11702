import { type PlistDict, type PlistValue, plistEquals } from '../../formats/plist/index.ts';

/**
 * True when a profile's Entitlements permit a value: a scalar must be equal, the items of a list must each be
 * permitted, and a text that ends in `*` permits every text that begins like it.
 */
export function isAllowed(allowList: PlistDict, key: string, wanted: PlistValue): boolean {
  const allowed = Object.hasOwn(allowList, key) ? allowList[key] : undefined;
  return allowed !== undefined && permits(allowed, wanted);
}

function permits(allowed: PlistValue, wanted: PlistValue): boolean {
  if (Array.isArray(wanted)) return wanted.every((item) => permits(allowed, item));
  if (Array.isArray(allowed)) return allowed.some((item) => permits(item, wanted));
  if (typeof allowed === 'string' && typeof wanted === 'string') return matches(allowed, wanted);
  return wanted === false || plistEquals(allowed, wanted);
}

const matches = (pattern: string, text: string): boolean =>
  pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : pattern === text;

/** What a profile says where the app must say something concrete: `*`, `A1B2C3D4E5.*`, `A1B2C3D4E5.com.example.*`. */
export function isTemplate(value: PlistValue): boolean {
  if (Array.isArray(value)) return value.some(isTemplate);
  return typeof value === 'string' && (value === '*' || value.endsWith('.*'));
}

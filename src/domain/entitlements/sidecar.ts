import type { PlistDict, PlistValue } from '../../formats/plist/index.ts';

export interface Identifiers {
  readonly prefix: string | undefined;
  readonly teamId: string | undefined;
  readonly bundleId: string;
}

/** `$(AppIdentifierPrefix)` and the like, which Xcode fills in and a compiler without it leaves. */
export function expandVariables(value: PlistValue, identifiers: Identifiers): PlistValue {
  if (Array.isArray(value)) return value.map((item) => expandVariables(item, identifiers));
  return typeof value === 'string' ? expandText(value, identifiers) : value;
}

function expandText(text: string, { prefix, teamId, bundleId }: Identifiers): string {
  const values = new Map([
    ['AppIdentifierPrefix', prefix && `${prefix}.`],
    ['TeamIdentifierPrefix', teamId && `${teamId}.`],
    ['CFBundleIdentifier', bundleId],
    ['PRODUCT_BUNDLE_IDENTIFIER', bundleId],
  ]);
  return text.replace(/\$[({](\w+)[)}]/g, (whole, name: string) => values.get(name) ?? whole);
}

export const hasVariables = (value: PlistValue): boolean =>
  Array.isArray(value) ? value.some(hasVariables) : typeof value === 'string' && /\$[({]/.test(value);

/** The sidecar with its variables filled in, without the keys that are decided elsewhere. */
export const sidecarEntries = (
  sidecar: PlistDict | undefined,
  decidedElsewhere: readonly string[],
  identifiers: Identifiers,
): [string, PlistValue][] =>
  Object.entries(sidecar ?? {})
    .filter(([key]) => !decidedElsewhere.includes(key))
    .map(([key, value]) => [key, expandVariables(value, identifiers)]);

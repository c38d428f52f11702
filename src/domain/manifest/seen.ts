const LONGEST_SHOWN_CHARACTERS = 60;

/**
 * What a value from outside is, in words for an error text: the type, and short plain values themselves.
 * Long texts are only measured: they may be anything, and the reader needs the form, not the content.
 */
export function describeSeen(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string') return describeText(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  return `the ${typeof value} ${String(value)}`;
}

const describeText = (text: string): string =>
  text.length > LONGEST_SHOWN_CHARACTERS ? `a text of ${text.length} characters` : JSON.stringify(text);

/** The value at a path such as `['entitlements', 3]`. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    root,
  );
}

/** `['entitlements', 3]` as `entitlements[3]`. */
export const pathName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((name, key) => {
    if (typeof key === 'number') return `${name}[${key}]`;
    return name === '' ? String(key) : `${name}.${String(key)}`;
  }, '');

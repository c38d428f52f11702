export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (raw: unknown): raw is Fields =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw);

/** The fields of these names, as they came; anything but an object is left as it is. */
export function knownFields(raw: unknown, names: readonly string[]): unknown {
  if (!isFields(raw)) return raw;
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(raw, name)).map((name) => [name, raw[name]]),
  );
}

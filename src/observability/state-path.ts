/**
 * Where a statechart stands, as a path: `{ running: { downloading: 'attempting' } }` → `running.downloading.attempting`.
 * At a parallel state the path ends: its regions are asked for one by one.
 */
export function statePath(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  const [only, ...others] = Object.entries(value);
  if (only === undefined || others.length > 0) return '';
  const [name, inner] = only;
  const below = statePath(inner);
  return below === '' ? name : `${name}.${below}`;
}

/** The innermost states that are active, of all regions, e.g. `engaged.work.running.codesigning`, `engaged.claim.valid`. */
export function activePaths(value: unknown, above = ''): readonly string[] {
  if (typeof value === 'string') return [above + value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const below = activePaths(inner, `${above}${name}.`);
    return below.length === 0 ? [above + name] : below;
  });
}

/** The value of one region or state, below the path of its ancestors; `undefined` when it is not active. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[name] : undefined,
    value,
  );
}

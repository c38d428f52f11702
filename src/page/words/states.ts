/** The innermost active states of a value as XState has it, e.g. `engaged.work.running.codesigning`. */
export function activePaths(value: unknown, above = ''): readonly string[] {
  if (typeof value === 'string') return [above + value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const below = activePaths(inner, `${above}${name}.`);
    return below.length === 0 ? [above + name] : below;
  });
}

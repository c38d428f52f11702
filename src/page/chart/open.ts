import { type Chart, ROOT } from './chart.ts';

/** As many boxes as a person takes in at once. */
const MAX_AT_FIRST = 36;

/** All states that have others in them. */
export const openable = (chart: Chart): readonly string[] =>
  [...chart.states.values()].flatMap(({ path, children }) =>
    path !== ROOT && children.length > 0 ? [path] : [],
  );

/**
 * What is open at first: everything in a small chart. In a large one the way that has the most states in it is open down
 * to its phases, and what runs beside it is closed.
 */
export function openAtFirst(chart: Chart): ReadonlySet<string> {
  if (chart.states.size <= MAX_AT_FIRST) return new Set(openable(chart));
  const open = new Set<string>();
  let at: string | undefined = ROOT;
  while (at !== undefined) {
    const inner: readonly string[] = (chart.states.get(at)?.children ?? []).filter(
      (path) => chart.states.get(path)?.kind !== 'phase',
    );
    at = largest(chart, inner);
    if (at !== undefined) open.add(at);
  }
  return open;
}

function largest(chart: Chart, paths: readonly string[]): string | undefined {
  const [first] = paths
    .map((path) => ({ path, size: sizeOf(chart, path) }))
    .filter(({ size }) => size > 1)
    .sort((one, other) => other.size - one.size);
  return first?.path;
}

const sizeOf = (chart: Chart, path: string): number =>
  1 + (chart.states.get(path)?.children ?? []).reduce((sum, child) => sum + sizeOf(chart, child), 0);

import { around, type Chart, type ChartState, ROOT } from './chart.ts';

/** Every state that a snapshot's value names, `{ a: { b: 'c' } }` → `a`, `a.b`, `a.b.c`. */
export function statesIn(value: unknown, chart: Chart): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (inner: unknown, above: string): void => {
    if (typeof inner === 'string') return add(above, inner);
    if (typeof inner !== 'object' || inner === null) return;
    for (const [name, below] of Object.entries(inner)) {
      add(above, name);
      visit(below, join(above, name));
    }
  };
  const add = (above: string, name: string): void => {
    for (const path of around(chart, join(above, name))) if (chart.states.has(path)) found.add(path);
  };
  visit(value, ROOT);
  return found;
}

const join = (above: string, name: string): string => (above === ROOT ? name : `${above}.${name}`);

/** The innermost of the states that are active here: itself, when nothing in it is known to be. */
export function innermostIn(chart: Chart, path: string, active: ReadonlySet<string>): readonly string[] {
  const inner = (chart.states.get(path)?.children ?? []).filter((child) => active.has(child));
  return inner.length === 0 ? [path] : inner.flatMap((child) => innermostIn(chart, child, active));
}

/** Where a chart stands, in words: `work: running, signing, codesigning; machine: owned, ready`. */
export function activeInWords(chart: Chart, active: ReadonlySet<string>): string {
  const root = chart.states.get(ROOT);
  const states = root ? wordsOf(chart, root, active) : '';
  return states === '' ? 'no state is active' : states;
}

function wordsOf(chart: Chart, state: ChartState, active: ReadonlySet<string>): string {
  const inner = state.children.flatMap((path) => (active.has(path) ? (chart.states.get(path) ?? []) : []));
  if (state.kind !== 'parallel')
    return inner
      .map((child) => [child.name, wordsOf(chart, child, active)].filter(Boolean).join(', '))
      .join(', ');
  return inner
    .map((child) => [child.name, wordsOf(chart, child, active)].filter(Boolean).join(': '))
    .join('; ');
}

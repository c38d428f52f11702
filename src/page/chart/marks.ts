import type { Chart, ChartState } from './chart.ts';
import type { ChartLayout } from './layout.ts';
import type { ChartView } from './view.ts';
import { type Visit, visitedUntil, type WalkStep } from './walk.ts';

/** What a drawing shows of where a chart stands. */
export interface Marks {
  readonly active: ReadonlySet<string>;
  readonly visited: ReadonlyMap<string, Visit>;
  /** Arrows that were taken, with the number of the step that took them last. */
  readonly taken: ReadonlyMap<string, number>;
  /** Those of the step that is shown. */
  readonly lastTaken: ReadonlySet<string>;
}

export function marksOf(view: ChartView, walk: readonly WalkStep[], step: number): Marks {
  const taken = new Map<string, number>();
  const arrowOf = new Map(
    view.arrows.flatMap((arrow) => arrow.edges.map((edge) => [edge, arrow.id] as const)),
  );
  const idsAt = (index: number) => (walk[index]?.edges ?? []).flatMap((edge) => arrowOf.get(edge) ?? []);
  for (let index = 0; index <= step; index += 1) for (const id of idsAt(index)) taken.set(id, index);
  return {
    active: walk[step]?.active ?? new Set(),
    visited: visitedUntil(view.chart, walk, step),
    taken,
    lastTaken: new Set(idsAt(step)),
  };
}

/** A way that was taken where no arrow is drawn, because exits are hidden: from box to box. */
export interface Leap {
  readonly from: string;
  readonly to: string;
}

export function leapsOf(
  view: ChartView,
  layout: ChartLayout,
  walk: readonly WalkStep[],
  step: number,
): readonly Leap[] {
  const drawn = new Set(view.arrows.flatMap(({ edges }) => edges));
  const found = new Map<string, Leap>();
  for (const { edges } of walk.slice(0, step + 1))
    for (const edge of edges) {
      if (drawn.has(edge)) continue;
      const [from, to] = [edge.from, edge.to].map((path) => shownAround(view.chart, path, layout));
      if (from && to && from !== to) found.set(`${from}>${to}`, { from, to });
    }
  return [...found.values()];
}

function shownAround(chart: Chart, path: string, { boxes }: ChartLayout): string | undefined {
  let at: string | null = path;
  while (at !== null && !boxes.has(at)) at = chart.states.get(at)?.parent ?? null;
  return at ?? undefined;
}

/** Of a closed state: what in it is active, or how much it hides. */
export function insideText(chart: Chart, state: ChartState, active: ReadonlySet<string>): string {
  const inner = innermost(chart, state.path, active);
  if (inner.length > 0) return inner.map((path) => chart.states.get(path)?.name ?? '').join(', ');
  const count = sizeOf(chart, state.path) - 1;
  return count === 1 ? '1 state' : `${count} states`;
}

function innermost(chart: Chart, path: string, active: ReadonlySet<string>): readonly string[] {
  return (chart.states.get(path)?.children ?? [])
    .filter((child) => active.has(child))
    .flatMap((child) => {
      const deeper = innermost(chart, child, active);
      return deeper.length > 0 ? deeper : [child];
    });
}

const sizeOf = (chart: Chart, path: string): number =>
  1 + (chart.states.get(path)?.children ?? []).reduce((sum, child) => sum + sizeOf(chart, child), 0);

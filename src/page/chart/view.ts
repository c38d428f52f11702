import { around, type Chart, type ChartEdge, type ChartState, commonAround, ROOT } from './chart.ts';

/** What is drawn of a chart: some states are open and show what is in them, the others are one box. */
export interface ChartView {
  readonly chart: Chart;
  readonly open: ReadonlySet<string>;
  /** Of the states that are shown, without the root. */
  readonly shown: readonly ChartState[];
  readonly arrows: readonly Arrow[];
}

/** One arrow, for all transitions that go the same way. */
export interface Arrow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly edges: readonly ChartEdge[];
  /** It stands for the exits that many states share: faults, deadlines, cancellation. */
  readonly isShared: boolean;
}

/** Not drawn, drawn as one arrow for all states that share them, or each by itself. */
export type Exits = 'hidden' | 'together' | 'each';

export interface ViewChoice {
  readonly open: ReadonlySet<string>;
  /** What becomes of the exits that many states share. */
  readonly exits: Exits;
}

export function viewOf(chart: Chart, { open, exits }: ViewChoice): ChartView {
  const isShown = (path: string) =>
    around(chart, path)
      .slice(1)
      .every((outer) => open.has(outer));
  const shown = inOrder(chart).filter(({ path }) => path !== ROOT && isShown(path));
  const shared = exits === 'each' ? NONE : sharedExits(chart);
  const arrows = new Map<string, Arrow>();
  for (const edge of chart.edges) {
    const arrow = arrowFor(edge, { chart, isShown, shared });
    if (arrow === undefined || (exits === 'hidden' && arrow.isShared)) continue;
    const before = arrows.get(arrow.id);
    arrows.set(arrow.id, before ? { ...before, edges: [...before.edges, edge] } : arrow);
  }
  return { chart, open, shown, arrows: [...arrows.values()] };
}

/** As a reader goes through the chart: each state before what is in it, and before those that come later. */
function inOrder(chart: Chart, path = ROOT): readonly ChartState[] {
  const state = chart.states.get(path);
  return state === undefined ? [] : [state, ...state.children.flatMap((child) => inOrder(chart, child))];
}

const NONE: ReadonlySet<ChartEdge> = new Set();
/** From so many states on, an exit to the same one is shared; fewer do, where it is the same event. */
const SHARED_BY = 5;
const SHARED_BY_EVENT = 3;

/** Faults, deadlines and cancellations that lead from many states to one. */
export function sharedExits(chart: Chart): ReadonlySet<ChartEdge> {
  const mishaps = chart.edges.filter(({ cause }) => cause !== 'next' && cause !== 'pause');
  const byTarget = counted(mishaps, ({ to }) => to);
  const byEvent = counted(mishaps, ({ to, what }) => `${what} ${to}`);
  return new Set(
    mishaps.filter(
      ({ to, what }) =>
        (byTarget.get(to)?.size ?? 0) >= SHARED_BY ||
        (byEvent.get(`${what} ${to}`)?.size ?? 0) >= SHARED_BY_EVENT,
    ),
  );
}

/** The states that edges come from, by key. */
function counted(edges: readonly ChartEdge[], keyOf: (edge: ChartEdge) => string) {
  const sources = new Map<string, Set<string>>();
  for (const edge of edges) sources.set(keyOf(edge), (sources.get(keyOf(edge)) ?? new Set()).add(edge.from));
  return sources;
}

interface Lifting {
  readonly chart: Chart;
  readonly isShown: (path: string) => boolean;
  readonly shared: ReadonlySet<ChartEdge>;
}

/**
 * Between what is shown of both ends; nothing, where both are in the same closed state, or are the same state. What the
 * chart does wherever it is, is an arrow from nowhere: it is told with its target.
 */
function arrowFor(edge: ChartEdge, { chart, isShown, shared }: Lifting): Arrow | undefined {
  const isShared = shared.has(edge);
  const to = shownOf(chart, edge.to, isShown);
  const from = shownOf(chart, isShared ? siblingOf(chart, edge) : edge.from, isShown);
  if (from === undefined || to === undefined || from === to) return undefined;
  return { id: `${from}>${to}${isShared ? '!' : ''}`, from, to, edges: [edge], isShared };
}

/** The innermost state around this one that is shown. */
const shownOf = (chart: Chart, path: string, isShown: (path: string) => boolean): string | undefined =>
  around(chart, path).find(isShown);

/** The outermost state around the source that the target is not in: all in it share the exit. */
function siblingOf(chart: Chart, { from, to }: ChartEdge): string {
  const common = commonAround(chart, from, to);
  return around(chart, from).find((path) => chart.states.get(path)?.parent === common) ?? from;
}

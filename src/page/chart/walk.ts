import { around, type Chart, type ChartEdge, ROOT } from './chart.ts';

/** One state on the way of a job, as the history keeps it. */
export interface PathEntry {
  readonly atMs: number;
  /** Below the region of the work, e.g. `running.codesigning`; at a parallel state it ends. */
  readonly state: string;
}

/** One step of a way through a chart. */
export interface WalkStep {
  readonly atMs: number;
  /** As the history names it. */
  readonly name: string;
  readonly state: string;
  /** The transitions that led here from the step before; none, where the chart does not say. */
  readonly edges: readonly ChartEdge[];
}

/** Where the work of a job is in its chart. */
const WORK = 'engaged.work';

/** The way through the chart, by the states that the chart has. */
export function walkOf(chart: Chart, path: readonly PathEntry[]): readonly WalkStep[] {
  const known = path.flatMap(({ atMs, state }) => {
    const found = [`${WORK}.${state}`, state].find((each) => chart.states.has(each));
    return found === undefined ? [] : [{ atMs, name: state, state: found }];
  });
  return known.map((step, index) => {
    const before = known[index - 1];
    return { ...step, edges: before ? edgesBetween(chart, before.state, step.state) : [] };
  });
}

/** A way among states that are left as soon as they are entered is not longer than this. */
const MAX_AT_ONCE = 8;

/**
 * The transitions from one state that lasted to the next one. Between them may be states that nobody sees, because they
 * only decide where to go: the shortest way through such states is taken.
 */
export function edgesBetween(chart: Chart, from: string, to: string): readonly ChartEdge[] {
  let ways: readonly (readonly ChartEdge[])[] = edgesOut(chart, from).map((edge) => [edge]);
  const seen = new Set<string>();
  for (let length = 1; length <= MAX_AT_ONCE && ways.length > 0; length += 1) {
    const found = ways.filter((way) => arrivesAt(chart, lastOf(way), to));
    if (found.length > 0) return alongside(chart, found[0] ?? []);
    ways = ways.flatMap((way) => {
      const next = entered(chart, lastOf(way)).at(-1) ?? ROOT;
      if (seen.has(next)) return [];
      seen.add(next);
      return edgesAtOnce(chart, next).map((edge) => [...way, edge]);
    });
  }
  return [];
}

const lastOf = (way: readonly ChartEdge[]): string => way.at(-1)?.to ?? ROOT;

/** Of the state, of those around it, and of those in it: at a parallel state the history says no more. */
function edgesOut(chart: Chart, from: string): readonly ChartEdge[] {
  const outer = new Set([...around(chart, from), ROOT]);
  return chart.edges.filter((edge) => outer.has(edge.from) || around(chart, edge.from).includes(from));
}

const edgesAtOnce = (chart: Chart, from: string): readonly ChartEdge[] =>
  chart.edges.filter((edge) => edge.from === from && edge.cause === 'next' && edge.what === '');

/** The state and those that it begins with. */
function entered(chart: Chart, path: string): readonly string[] {
  const initial = chart.states.get(path)?.children.find((child) => isInitial(chart, child));
  return initial === undefined ? [path] : [path, ...entered(chart, initial)];
}

/** A phase counts as entered with the state in it that is the first of the state around the phase. */
const isInitial = (chart: Chart, path: string): boolean => chart.states.get(path)?.isInitial === true;

/** At a parallel state the history ends, and means all that is in it. */
const arrivesAt = (chart: Chart, target: string, to: string): boolean =>
  entered(chart, target).includes(to) ||
  (chart.states.get(to)?.kind === 'parallel' && around(chart, target).includes(to));

/** Each transition that leads from and to the same states: the history does not tell them apart. */
const alongside = (chart: Chart, way: readonly ChartEdge[]): readonly ChartEdge[] =>
  way.flatMap(({ from, to }) => chart.edges.filter((edge) => edge.from === from && edge.to === to));

/** All that was entered up to a step, and how often. */
export function visitedUntil(
  chart: Chart,
  walk: readonly WalkStep[],
  step: number,
): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const { state, edges } of walk.slice(0, step + 1))
    for (const path of new Set([state, ...edges.map(({ to }) => to)].flatMap((each) => around(chart, each))))
      times.set(path, (times.get(path) ?? 0) + 1);
  return times;
}

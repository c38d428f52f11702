import { statesIn } from './active.ts';
import { around, type Chart, type ChartEdge, commonAround, ROOT } from './chart.ts';
import { sharedExits } from './view.ts';

/** One state on the way of a job, as the history keeps it. */
export interface PathEntry {
  readonly atMs: number;
  /** Below the region of the work, e.g. `running.codesigning`; at a parallel state it ends. */
  readonly state: string;
}

/** Where an actor stood from a time on, as the daemon tells it. */
export interface ActorStep {
  readonly atMs: number;
  /** The value of an XState snapshot. */
  readonly value: unknown;
  /** The type of the event that led there. */
  readonly event?: string;
}

/** One step of an actor, as the history keeps it: which of its innermost states are new, with blanks between them. */
export interface Move {
  readonly atMs: number;
  readonly event: string;
  readonly entered: string;
}

/** One step of a way through a chart. */
export interface WalkStep {
  readonly atMs: number;
  /** What is new, e.g. `codesigning`, `machine: ready`. */
  readonly name: string;
  /** All states that are active then, as far as that is known. */
  readonly active: ReadonlySet<string>;
  /** The transitions that led here from the step before; none, where the chart does not say. */
  readonly edges: readonly ChartEdge[];
}

/** Where the work of a job is in its chart. */
const WORK = 'engaged.work';

/**
 * The way of a job, by the states that the chart has.
 *
 * @param isGood - it has succeeded, so that it took no exit for faults
 */
export const walkOfPath = (chart: Chart, path: readonly PathEntry[], isGood = false): readonly WalkStep[] =>
  joined(
    isGood ? withoutMishaps(chart) : chart,
    path.flatMap(({ atMs, state }) => {
      const found = [`${WORK}.${state}`, state].find((each) => chart.states.has(each));
      return found === undefined ? [] : [{ atMs, active: new Set(around(chart, found)) }];
    }),
  );

/**
 * The way of an actor, with all regions: what the history has of it, then what has been seen of it since. Where it came to
 * stand as it stood before, it has not moved.
 */
export function walkOf(
  chart: Chart,
  moves: readonly Move[],
  steps: readonly ActorStep[] = [],
): readonly WalkStep[] {
  const kept = standingsOf(chart, moves);
  const lastMs = kept.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
  const since = steps.filter(({ atMs }) => atMs > lastMs).map((step) => standingAt(chart, step));
  return joined(chart, withoutRests([...kept, ...since]));
}

/** All that is active after each: what is new, and what was there and may be beside it. */
function standingsOf(chart: Chart, moves: readonly Move[]): readonly Standing[] {
  let leaves: readonly string[] = [];
  return moves.map(({ atMs, event, entered }) => {
    const fresh = entered.split(' ').filter((path) => chart.states.has(path));
    const stays = (path: string) => fresh.every((other) => areBeside(chart, path, other));
    leaves = [...leaves.filter(stays), ...fresh];
    return { atMs, event, active: new Set(leaves.flatMap((path) => around(chart, path))) };
  });
}

/** They are in different regions of one state. */
const areBeside = (chart: Chart, one: string, other: string): boolean =>
  chart.states.get(commonAround(chart, one, other))?.kind === 'parallel';

const withoutRests = (standings: readonly Standing[]): readonly Standing[] =>
  standings.filter(({ active }, index) => !isSameSet(active, standings[index - 1]?.active));

const isSameSet = (one: ReadonlySet<string>, other: ReadonlySet<string> | undefined): boolean =>
  one.size === other?.size && [...one].every((path) => other.has(path));

const standingAt = (chart: Chart, { atMs, value, event }: ActorStep): Standing => ({
  atMs,
  active: statesIn(value, chart),
  ...(event !== undefined && { event }),
});

type Standing = Pick<WalkStep, 'atMs' | 'active'> & { readonly event?: string };

function withoutMishaps(chart: Chart): Chart {
  const mishaps = sharedExits(chart);
  return { ...chart, edges: chart.edges.filter((edge) => !mishaps.has(edge)) };
}

const joined = (chart: Chart, steps: readonly Standing[]): readonly WalkStep[] =>
  steps.map((step, index) => {
    const before = steps[index - 1]?.active ?? new Set<string>();
    const fresh = leavesIn(chart, step.active).filter((path) => !before.has(path));
    const shown = fresh.length > 0 ? fresh : leavesIn(chart, step.active);
    return {
      ...step,
      name: shown.map((path) => nameIn(chart, path)).join(', '),
      edges: fresh.flatMap((path) => edgesTo(chart, path, leavesIn(chart, before), step.event)),
    };
  });

/** In another region than the first one, with its name: `machine: ready`. */
function nameIn(chart: Chart, path: string): string {
  const nameOf = (each: string) => chart.states.get(each)?.name ?? each;
  const siblings = (each: string) => chart.states.get(chart.states.get(each)?.parent ?? ROOT);
  const region = around(chart, path).find((each) => siblings(each)?.kind === 'parallel');
  const isFirst = region === undefined || siblings(region)?.children[0] === region;
  return isFirst || region === path ? nameOf(path) : `${nameOf(region)}: ${nameOf(path)}`;
}

/** The innermost of them. */
const leavesIn = (chart: Chart, active: ReadonlySet<string>): readonly string[] =>
  [...active].filter((path) => !(chart.states.get(path)?.children ?? []).some((child) => active.has(child)));

/** From the state that was left for this one: the one that has most in common with it. */
function edgesTo(chart: Chart, path: string, left: readonly string[], event?: string): readonly ChartEdge[] {
  const outer = around(chart, path);
  const closeness = (other: string) => around(chart, other).filter((each) => outer.includes(each)).length;
  const [nearest] = [...left].sort((one, other) => closeness(other) - closeness(one));
  return nearest === undefined ? [] : edgesBetween(chart, nearest, path, event);
}

/** A way among states that are left as soon as they are entered is not longer than this. */
const MAX_AT_ONCE = 8;

/**
 * The transitions from one state that lasted to the next one. Between them may be states that nobody sees, because they
 * only decide where to go: the shortest way through such states is taken, from the innermost state that has one.
 *
 * @param event - the type of the event that was taken, as XState has it, where that is known
 */
export function edgesBetween(chart: Chart, from: string, to: string, event?: string): readonly ChartEdge[] {
  let ways: readonly (readonly ChartEdge[])[] = firstEdges(chart, from, event).map((edge) => [edge]);
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

/** Those that answer to the event; all, where none does, because the event was another one's. */
function firstEdges(chart: Chart, from: string, event?: string): readonly ChartEdge[] {
  const all = [...edgesOut(chart, from)].sort((one, other) => depthOf(chart, other) - depthOf(chart, one));
  const answering = event === undefined ? [] : all.filter(({ what }) => what === whatOf(event));
  return answering.length > 0 ? answering : all;
}

const depthOf = (chart: Chart, { from }: ChartEdge): number => around(chart, from).length;

/** As the chart names it: `xstate.done.actor.codesign` is `codesign done`. */
function whatOf(event: string): string {
  const [, kind, what, name = '', ...rest] = event.split('.');
  if (!event.startsWith('xstate.')) return event;
  if (kind === 'after') return `after ${what}`;
  return what === 'actor' ? `${[name, ...rest].join('.')} ${kind}` : 'done';
}

/** Of the state, of those around it, and of those in it: at a parallel state the history says no more. */
function edgesOut(chart: Chart, from: string): readonly ChartEdge[] {
  const outer = new Set([...around(chart, from), ROOT]);
  return chart.edges.filter((edge) => outer.has(edge.from) || around(chart, edge.from).includes(from));
}

const edgesAtOnce = (chart: Chart, from: string): readonly ChartEdge[] =>
  chart.edges.filter((edge) => edge.from === from && edge.cause === 'next' && edge.what === '');

/** The state and those that it begins with: in a parallel one, those of its first region. */
function entered(chart: Chart, path: string): readonly string[] {
  const initial = chart.states.get(path)?.children.find((child) => chart.states.get(child)?.isInitial);
  return initial === undefined ? [path] : [path, ...entered(chart, initial)];
}

/** At a parallel state the history ends, and means all that is in it. */
const arrivesAt = (chart: Chart, target: string, to: string): boolean =>
  entered(chart, target).includes(to) ||
  (chart.states.get(to)?.kind === 'parallel' && around(chart, target).includes(to));

/** Each transition that leads from and to the same states: the history does not tell them apart. */
const alongside = (chart: Chart, way: readonly ChartEdge[]): readonly ChartEdge[] =>
  way.flatMap(({ from, to }) => chart.edges.filter((edge) => edge.from === from && edge.to === to));

/** How often a state was entered, and in which step the last time. */
export interface Visit {
  readonly times: number;
  readonly lastStep: number;
}

/** All that was entered up to a step. */
export function visitedUntil(
  chart: Chart,
  walk: readonly WalkStep[],
  last: number,
): ReadonlyMap<string, Visit> {
  const visits = new Map<string, Visit>();
  for (const [index, { active, edges }] of walk.slice(0, last + 1).entries()) {
    const before = walk[index - 1]?.active ?? new Set<string>();
    const passed = edges.flatMap(({ to }) => around(chart, to)).filter((path) => !before.has(path));
    const again = edges.map(({ to }) => to);
    const fresh = [...active].filter((path) => !before.has(path));
    for (const path of new Set([...fresh, ...passed, ...again]))
      visits.set(path, { times: (visits.get(path)?.times ?? 0) + 1, lastStep: index });
  }
  return visits;
}

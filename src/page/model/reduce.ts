import type { ChartActor, EventLine, LogNews, Moved, News, Standing, Step } from '../../live/messages.ts';
import { type EventView, nothingKnown, type PageState, type RunView } from './state.ts';

const MAX_EVENTS = 500;
const MAX_STEPS = 200;
const MAX_LINES = 1_000;
/** The daemon tells whole seconds: less than this is no other time. */
const CLOCK_JITTER_MS = 2_000;

let lastKey = 0;

/** The state after a message of the daemon. @param nowMs - by the clock of the browser */
export function reduce(before: PageState, news: News, nowMs: number): PageState {
  const isGreeting = news.type === 'greeting';
  const base = isGreeting ? { ...nothingKnown, runs: before.runs, log: before.log } : before;
  const events = eventsAfter(base.events, news.events);
  const clockAheadMs = steady(before.clockAheadMs, nowMs - news.atMs);
  return {
    ...base,
    link: { phase: 'live' },
    machines: 'machines' in news && typeof news.machines === 'string' ? news.machines : base.machines,
    ...standingAfter(base, news.standing, nowMs),
    actors: actorsAfter(base.actors, news),
    events,
    greetedKey: isGreeting ? (events[0]?.key ?? before.greetedKey) : before.greetedKey,
    eventsLeftOut: base.eventsLeftOut + (news.eventsLeftOut ?? 0),
    clockAheadMs,
  };
}

/** The state after more of a log has come; that of a run which is looked at no more is left out. */
export function withLog(before: PageState, { runId, lines }: LogNews): PageState {
  const { log } = before;
  if (log?.runId !== runId) return before;
  return { ...before, log: { runId, lines: [...log.lines, ...lines].slice(-MAX_LINES) } };
}

const steady = (before: number, now: number): number =>
  Math.abs(before - now) < CLOCK_JITTER_MS ? before : now;

function standingAfter(
  { runs, standing, standingAtMs }: PageState,
  news: Standing | undefined,
  nowMs: number,
): Pick<PageState, 'standing' | 'standingAtMs' | 'runs'> {
  if (!news) return { standing, standingAtMs, runs };
  return { standing: news, standingAtMs: nowMs, runs: runsAfter(runs, news, nowMs) };
}

/** What has not changed stays the same object, so that it need not be drawn again. */
function runsAfter(before: readonly RunView[], { status }: Standing, nowMs: number): readonly RunView[] {
  const known = new Map(before.map((run) => [run.runId, run]));
  return status.runs.map((run) => {
    const old = known.get(run.runId);
    const sinceMs = run.elapsedSeconds === null ? null : nowMs - run.elapsedSeconds * 1_000;
    const made = { ...run, elapsedSeconds: null, sinceMs: sinceAfter(old?.sinceMs, sinceMs) };
    return old && JSON.stringify(old) === JSON.stringify(made) ? old : made;
  });
}

const sinceAfter = (before: number | null | undefined, now: number | null): number | null =>
  typeof before === 'number' && now !== null ? steady(before, now) : now;

function actorsAfter(
  before: ReadonlyMap<string, ChartActor>,
  { begun, moved, ended }: News,
): ReadonlyMap<string, ChartActor> {
  if (!begun && !moved && !ended) return before;
  const actors = new Map(before);
  for (const actor of begun ?? []) actors.set(actor.id, actor);
  for (const { id, steps } of moved ?? []) {
    const known = actors.get(id);
    if (known) actors.set(id, { ...known, steps: stepsAfter(known.steps, steps) });
  }
  for (const id of ended ?? []) actors.delete(id);
  return actors;
}

const stepsAfter = (before: readonly Step[], more: Moved['steps']): readonly Step[] =>
  [...before, ...more].slice(-MAX_STEPS);

function eventsAfter(
  before: readonly EventView[],
  more: readonly EventLine[] | undefined,
): readonly EventView[] {
  if (!more) return before;
  const numbered = more.map((event) => {
    lastKey += 1;
    return { ...event, key: lastKey };
  });
  return [...numbered.reverse(), ...before].slice(0, MAX_EVENTS);
}

import type { AnyActorRef, AnyEventObject, InspectionEvent } from 'xstate';
import type { RedactText } from '../observability/sanitise.ts';
import { chartOf, factsOf } from './actor-facts.ts';
import { eventLine } from './event-lines.ts';
import type { ChartActor, EventLine, News, Step } from './messages.ts';

/** More actors than a daemon ever has at a time; beyond, the oldest are forgotten. */
const MAX_ACTORS = 2_000;
/** Where an actor stood last; a job takes some thirty. */
const MAX_STEPS = 60;
const MAX_EVENTS = 300;
/** As many as a person can see go by. */
const MAX_EVENTS_AT_ONCE = 100;

export type ActorNews = Pick<News, 'begun' | 'moved' | 'ended' | 'events' | 'eventsLeftOut'>;

/** Who lives, where each stands and stood, and what happened last: for the page. */
export interface ActorWatch {
  /** One that was there before it was watched. */
  meet(actor: AnyActorRef): void;
  /** @returns whether there is something to tell that there was not before */
  see(inspected: InspectionEvent): boolean;
  /** What came since it was asked for the last time. */
  news(): ActorNews;
  /** Everything. */
  whole(): ActorNews;
}

interface Known {
  readonly facts: Omit<ChartActor, 'steps'>;
  readonly steps: Step[];
}

export function createActorWatch(redact: RedactText, now: () => number = Date.now): ActorWatch {
  const known = new Map<string, Known>();
  const recent: EventLine[] = [];
  let fresh = nothingNew();

  const forget = (id: string): boolean => {
    if (!known.delete(id)) return false;
    fresh.moved.delete(id);
    // no more of these than were told
    if (!fresh.begun.delete(id)) fresh.ended.push(id);
    return true;
  };
  const begin = (actor: AnyActorRef): Known | undefined => {
    const chart = chartOf(actor);
    if (chart === undefined) return undefined;
    const made = { facts: factsOf(actor, chart), steps: [] };
    known.set(actor.sessionId, made);
    fresh.begun.add(actor.sessionId);
    if (known.size > MAX_ACTORS) forget(known.keys().next().value ?? '');
    return made;
  };
  const move = (actor: AnyActorRef, snapshot: Snapshot, event: string): boolean => {
    const { sessionId } = actor;
    if (snapshot.status !== 'active') return forget(sessionId);
    const { steps } = known.get(sessionId) ?? begin(actor) ?? {};
    if (steps === undefined || isSame(steps.at(-1)?.value, snapshot.value)) return false;
    const step = { atMs: now(), value: snapshot.value, event };
    keepLast(steps, step, MAX_STEPS);
    if (!fresh.begun.has(sessionId)) keepLast(movesOf(fresh, sessionId), step, MAX_STEPS);
    return true;
  };
  const hear = (inspected: Extract<InspectionEvent, { type: '@xstate.event' }>): boolean => {
    const { event, actorRef, sourceRef } = inspected;
    // an actor that dies of an exception has no last snapshot: its parent hears of it
    if (event.type.startsWith('xstate.error.actor.') && sourceRef) forget(sourceRef.sessionId);
    const actor = actorRef as AnyActorRef;
    const chart = chartOf(actor);
    if (chart === undefined) return false;
    const line = eventLine({ event: event as AnyEventObject, actor, chart, atMs: now() }, redact);
    if (!line) return false;
    keepLast(recent, line, MAX_EVENTS);
    if (keepLast(fresh.events, line, MAX_EVENTS_AT_ONCE)) fresh.leftOut += 1;
    return true;
  };
  return {
    meet: (actor) => void move(actor, actor.getSnapshot() as unknown as Snapshot, 'xstate.init'),
    see: (inspected) => {
      const { actorRef } = inspected;
      if (inspected.type === '@xstate.event') return hear(inspected);
      if (inspected.type !== '@xstate.snapshot') return false;
      const { snapshot, event } = inspected;
      return move(actorRef as AnyActorRef, snapshot as unknown as Snapshot, event.type);
    },
    news: () => {
      const told = newsOf(fresh, known);
      fresh = nothingNew();
      return told;
    },
    whole: () => ({
      begun: [...known.values()].map(({ facts, steps }) => ({ ...facts, steps })),
      events: recent,
    }),
  };
}

/** A snapshot keeps the object of its value as long as no transition was taken; one that leads nowhere makes it anew. */
const isSame = (before: unknown, now: unknown): boolean =>
  before === now || (before !== undefined && JSON.stringify(before) === JSON.stringify(now));

interface Snapshot {
  readonly status: string;
  readonly value: unknown;
}

interface Fresh {
  readonly begun: Set<string>;
  readonly moved: Map<string, Step[]>;
  readonly ended: string[];
  readonly events: EventLine[];
  leftOut: number;
}

const nothingNew = (): Fresh => ({
  begun: new Set(),
  moved: new Map(),
  ended: [],
  events: [],
  leftOut: 0,
});

/** @returns whether another one had to go */
function keepLast<Item>(items: Item[], item: Item, most: number): boolean {
  items.push(item);
  if (items.length <= most) return false;
  items.shift();
  return true;
}

function movesOf({ moved }: Fresh, id: string): Step[] {
  const steps = moved.get(id) ?? [];
  moved.set(id, steps);
  return steps;
}

function newsOf({ begun, moved, ended, events, leftOut }: Fresh, known: Map<string, Known>): ActorNews {
  const actors = [...begun].flatMap((id) => known.get(id) ?? []);
  return {
    ...(actors.length > 0 && { begun: actors.map(({ facts, steps }) => ({ ...facts, steps: [...steps] })) }),
    ...(moved.size > 0 && { moved: [...moved].map(([id, steps]) => ({ id, steps })) }),
    ...(ended.length > 0 && { ended }),
    ...(events.length > 0 && { events }),
    ...(leftOut > 0 && { eventsLeftOut: leftOut }),
  };
}

import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  getNextTransitions,
} from 'xstate';
import { LiveActor } from './live-actor.ts';
import { PureActor } from './pure-actor.ts';
import { allTransitions } from './transition-names.ts';

type Body = Record<string, unknown>;

export interface WalkOptions {
  readonly input?: unknown;
  /** Payloads by event type; under a wildcard each body carries its own `type`. */
  readonly samples?: Record<string, readonly Body[] | ((snapshot: AnyMachineSnapshot) => readonly Body[])>;
  /** What makes two situations the same; abstract an unbounded context here. */
  readonly key?: (snapshot: AnyMachineSnapshot) => string;
  /** Where the search ends, because it goes on from another situation that is alike in all that may follow. */
  readonly isStoodFor?: (snapshot: AnyMachineSnapshot) => boolean;
  /** Invariants, checked in every situation reached. */
  readonly check?: (snapshot: AnyMachineSnapshot) => void;
  readonly maxPaths?: number;
}

export interface WalkResult {
  readonly situations: number;
  readonly total: number;
  readonly walked: ReadonlySet<string>;
  readonly missing: readonly string[];
}

/** How a situation was first reached, from its end. */
interface Way {
  readonly event: AnyEventObject;
  readonly from: Situation;
}

interface Situation {
  readonly name: string;
  readonly way: Way | undefined;
  /** Where each event led from here; an actor that goes on from here takes one of them away. */
  readonly next: { readonly event: AnyEventObject; readonly to: Situation }[];
  /** A live actor has stood here. */
  isPlayed: boolean;
}

/**
 * Breadth-first search over event sequences, by pure transitions from each situation to the next. Then live actors
 * with inert children go to every situation that was found, and before that along every sequence that takes a
 * transition for the first time: what counts as walked is what their own microsteps name, and each must end where the
 * pure one did.
 */
export function walk(machine: AnyStateMachine, options: WalkOptions = {}): WalkResult {
  const { situations, walked } = new Walk(machine, options).search();
  const all = allTransitions(machine);
  return { situations, total: all.length, walked, missing: all.filter((name) => !walked.has(name)) };
}

class Walk {
  readonly #machine: AnyStateMachine;
  readonly #options: WalkOptions;
  readonly #key: (snapshot: AnyMachineSnapshot) => string;
  readonly #pure: PureActor;
  readonly #known = new Map<string, Situation>();
  readonly #walked = new Set<string>();

  constructor(machine: AnyStateMachine, options: WalkOptions) {
    this.#machine = machine;
    this.#options = options;
    this.#key = options.key ?? ((s) => JSON.stringify([s.value, s.context, s.status]));
    this.#pure = new PureActor(machine, options.input);
  }

  search(): { situations: number; walked: ReadonlySet<string> } {
    const { maxPaths = 50_000, samples = {}, isStoodFor = () => false } = this.#options;
    const first = this.#pure.first();
    let level = [{ snapshot: first, situation: this.#arrive(first, undefined) }];
    let paths = 1;
    // level by level, so that the snapshots of what was searched can go
    while (level.length > 0) {
      const found: typeof level = [];
      for (const { snapshot, situation } of level) {
        if (snapshot.status !== 'active' || isStoodFor(snapshot)) continue;
        for (const event of nextEvents(snapshot, samples)) {
          paths += 1;
          if (paths > maxPaths) throw new Error('walk: too many paths, abstract the context in key()');
          const reached = this.#pure.next(snapshot, event);
          const before = this.#known.size;
          const to = this.#arrive(reached, { event, from: situation });
          situation.next.push({ event, to });
          if (this.#known.size > before) found.push({ snapshot: reached, situation: to });
        }
      }
      level = found;
    }
    // the last are the farthest: to get there is to pass many others
    for (const situation of [...this.#known.values()].reverse())
      if (!situation.isPlayed) this.#tour(situation);
    return { situations: this.#known.size, walked: this.#walked };
  }

  #arrive(snapshot: AnyMachineSnapshot, way: Way | undefined): Situation {
    const fresh: Situation = { name: this.#key(snapshot), way, next: [], isPlayed: false };
    if (snapshot.status === 'error')
      throw new Error(`walk: ${told(fresh) || 'the start'} breaks the machine: ${String(snapshot.error)}`);
    this.#check(snapshot, fresh);
    if (this.#pure.hasTakenNew(this.#walked)) this.#goTo(fresh).stop();
    const known = this.#known.get(fresh.name) ?? fresh;
    if (known === fresh) this.#known.set(fresh.name, fresh);
    return known;
  }

  #check(snapshot: AnyMachineSnapshot, situation: Situation): void {
    try {
      this.#options.check?.(snapshot);
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`walk: ${told(situation)} breaks a promise: ${what}`, { cause });
    }
  }

  /** A live actor that was sent what leads there. */
  #goTo(situation: Situation): LiveActor {
    const actor = new LiveActor(this.#machine, this.#options.input, this.#walked);
    for (const event of eventsTo(situation)) actor.send(event);
    this.#expectAt(actor, situation.name);
    for (let step = situation.way; step; step = step.from.way) step.from.isPlayed = true;
    return actor;
  }

  /** From there the actor goes on, for as long as an event leads to where none has been. */
  #tour(start: Situation): void {
    const actor = this.#goTo(start);
    let at: Situation | undefined = start;
    while (at) {
      at.isPlayed = true;
      const onward: number = at.next.findIndex(({ to }) => !to.isPlayed);
      const [step]: { event: AnyEventObject }[] = onward < 0 ? [] : at.next.splice(onward, 1);
      at = step && this.#go(actor, step.event);
    }
    actor.stop();
  }

  /** Where it gets to, which is new when the first snapshot of that name would have gone elsewhere. */
  #go(actor: LiveActor, event: AnyEventObject): Situation | undefined {
    const name = this.#key(this.#pure.next(actor.snapshot, event));
    actor.send(event);
    this.#expectAt(actor, name);
    return this.#known.get(name);
  }

  #expectAt(actor: LiveActor, name: string): void {
    const live = this.#key(actor.snapshot);
    if (live !== name) throw new Error(`walk: ${actor.told} ends live in ${live}, but should in ${name}`);
  }
}

function eventsTo({ way }: Situation): AnyEventObject[] {
  const events: AnyEventObject[] = [];
  for (let step = way; step; step = step.from.way) events.push(step.event);
  return events.reverse();
}

const told = (situation: Situation): string =>
  eventsTo(situation)
    .map(({ type }) => type)
    .join(' > ');

const SAMPLE_ERROR = { error: new Error('sample') };

function nextEvents(
  snapshot: AnyMachineSnapshot,
  samples: NonNullable<WalkOptions['samples']>,
): AnyEventObject[] {
  const types = new Set(getNextTransitions(snapshot).map((transition) => transition.eventType));
  return [...types]
    .filter((type) => type !== '' && !type.startsWith('xstate.done.state.'))
    .flatMap((type) => {
      const given = samples[type] ?? [{}];
      const bodies = typeof given === 'function' ? given(snapshot) : given;
      const error = type.startsWith('xstate.error.') ? SAMPLE_ERROR : {};
      return bodies.map((body) => ({ type, ...error, ...body }) as AnyEventObject);
    });
}

/** One line for the test log: how much of a machine was walked. */
export const coverageLine = (name: string, result: WalkResult): string =>
  `${name}: ${result.total - result.missing.length} of ${result.total} transitions walked, ${result.situations} situations`;

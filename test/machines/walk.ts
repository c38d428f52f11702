import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  createActor,
  getNextTransitions,
  SimulatedClock,
  type StateNode,
} from 'xstate';

// biome-ignore lint/suspicious/noExplicitAny: a walker takes machines of every shape
type Node = StateNode<any, any, any, any>;
type Body = Record<string, unknown>;

/** A stable name of one transition: survives `provide()`, which rebuilds every state node. */
export function nameOf(transition: AnyTransitionDefinition): string {
  const { source, eventType, target } = transition;
  const siblings = eventType === '' ? source.always : source.transitions.get(eventType);
  const index = siblings?.indexOf(transition as never) ?? -1;
  const to = target?.map((node) => node.id).join(' + ') ?? '(stays)';
  return `${source.id} --${eventType || 'always'}[${index}]--> ${to}`;
}

/** Every transition that a machine has, wildcard, eventless and done transitions included. */
export function allTransitions(machine: AnyStateMachine): string[] {
  const list = (node: Node): string[] => [
    ...[...node.transitions.values()].flat().map(nameOf),
    ...(node.always ?? []).map(nameOf),
    ...Object.values(node.states as Record<string, Node>).flatMap(list),
  ];
  return list(machine.root as Node);
}

export interface WalkOptions {
  readonly input?: unknown;
  /** Payloads by event type; under a wildcard each body carries its own `type`. */
  readonly samples?: Record<string, readonly Body[] | ((snapshot: AnyMachineSnapshot) => readonly Body[])>;
  /** What makes two situations the same; abstract an unbounded context here. */
  readonly key?: (snapshot: AnyMachineSnapshot) => string;
  /** Invariants, checked in every situation reached. */
  readonly check?: (snapshot: AnyMachineSnapshot, path: readonly AnyEventObject[]) => void;
  readonly maxPaths?: number;
}

export interface WalkResult {
  readonly situations: number;
  readonly total: number;
  readonly walked: ReadonlySet<string>;
  readonly missing: readonly string[];
}

interface Situation {
  readonly snapshot: AnyMachineSnapshot;
  readonly path: readonly AnyEventObject[];
}

/**
 * Breadth-first search over event sequences, by pure transitions from each situation to the next. Every sequence
 * that leads to a new situation, or takes a transition for the first time, is then played on a live actor with inert
 * children: what counts as walked is what that actor's own microsteps name, and it must end where the pure one did.
 */
export function walk(machine: AnyStateMachine, options: WalkOptions = {}): WalkResult {
  const { maxPaths = 50_000, key = (s) => JSON.stringify([s.value, s.context, s.status]) } = options;
  const pure = new PureActor(machine, options.input);
  const known = new Map<string, Situation>();
  /** Situations from which a new one was found: they are on the way of a longer sequence. */
  const passed = new Set<string>();
  const walked = new Set<string>();
  const play = ({ snapshot, path }: Situation) => {
    const live = replay(machine, options.input, path, walked);
    if (key(live) === key(snapshot)) return;
    throw new Error(`walk: ${told(path)} ends live in ${key(live)}, but should in ${key(snapshot)}`);
  };
  const arrive = (situation: Situation): Situation | undefined => {
    const name = key(situation.snapshot);
    options.check?.(situation.snapshot, situation.path);
    if (pure.hasTakenNew(walked)) play(situation);
    if (known.has(name)) return undefined;
    known.set(name, situation);
    return situation;
  };
  const queue = [arrive({ snapshot: pure.first(), path: [] }) as Situation];
  let paths = 1;
  for (const { snapshot, path } of queue) {
    if (snapshot.status !== 'active') continue;
    for (const event of nextEvents(snapshot, options.samples ?? {})) {
      paths += 1;
      if (paths > maxPaths) throw new Error('walk: too many paths, abstract the context in key()');
      const next = arrive({ snapshot: pure.next(snapshot, event, path), path: [...path, event] });
      if (!next) continue;
      passed.add(key(snapshot));
      queue.push(next);
    }
  }
  for (const [name, situation] of known) if (!passed.has(name)) play(situation);
  const all = allTransitions(machine);
  return {
    situations: known.size,
    total: all.length,
    walked,
    missing: all.filter((name) => !walked.has(name)),
  };
}

const told = (path: readonly AnyEventObject[]): string => path.map(({ type }) => type).join(' > ');

/** Transitions without effects, and the names of those that were taken. */
class PureActor {
  readonly #machine: AnyStateMachine;
  readonly #input: unknown;
  readonly #scope: Parameters<AnyStateMachine['transition']>[2];
  #taken: string[] = [];

  constructor(machine: AnyStateMachine, input: unknown) {
    this.#machine = machine;
    this.#input = input;
    const self = createActor(machine, {
      input,
      inspect: (event) => {
        if (event.type === '@xstate.microstep') this.#taken.push(...event._transitions.map(nameOf));
      },
    });
    const nothing = () => {};
    this.#scope = {
      ...{ self, system: self.system, id: '', sessionId: '' },
      ...{ defer: nothing, logger: nothing, stopChild: nothing, emit: nothing, actionExecutor: nothing },
    } as never;
  }

  first(): AnyMachineSnapshot {
    return this.#step('the start', () =>
      this.#machine.getInitialSnapshot(this.#scope as never, this.#input as never),
    );
  }

  next(from: AnyMachineSnapshot, event: AnyEventObject, path: readonly AnyEventObject[]): AnyMachineSnapshot {
    return this.#step(told([...path, event]), () =>
      this.#machine.transition(from as never, event, this.#scope as never),
    );
  }

  hasTakenNew(walked: ReadonlySet<string>): boolean {
    return this.#taken.some((name) => !walked.has(name));
  }

  #step(what: string, step: () => unknown): AnyMachineSnapshot {
    this.#taken = [];
    const next = step() as AnyMachineSnapshot;
    if (next.status === 'error') throw new Error(`walk: ${what} breaks the machine: ${String(next.error)}`);
    return next;
  }
}

function replay(
  machine: AnyStateMachine,
  input: unknown,
  path: readonly AnyEventObject[],
  walked: Set<string>,
) {
  let crash: unknown;
  const actor = createActor(machine, {
    input,
    clock: new SimulatedClock(),
    logger: () => {},
    inspect: (event) => {
      if (event.type !== '@xstate.microstep' || event.actorRef.sessionId !== event.rootId) return;
      for (const transition of event._transitions) walked.add(nameOf(transition));
    },
  });
  actor.subscribe({
    error: (error) => {
      crash = error ?? new Error('undefined');
    },
  });
  actor.start();
  for (const event of path) actor.send(event);
  const snapshot = actor.getSnapshot() as AnyMachineSnapshot;
  actor.stop();
  if (crash === undefined) return snapshot;
  throw new Error(`walk: ${told(path)} crashed the actor: ${String(crash)}`);
}

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
      const error = type.startsWith('xstate.error.') ? { error: new Error('sample') } : {};
      return bodies.map((body) => ({ type, ...error, ...body }) as AnyEventObject);
    });
}

/** One line for the test log: how much of a machine was walked. */
export const coverageLine = (name: string, result: WalkResult): string =>
  `${name}: ${result.total - result.missing.length} of ${result.total} transitions walked, ${result.situations} situations`;

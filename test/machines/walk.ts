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

/**
 * Breadth-first search over event sequences. Each sequence is replayed on a live actor with inert children and a
 * simulated clock; what is counted are the transitions really taken, as the actor's own microsteps name them.
 */
export function walk(machine: AnyStateMachine, options: WalkOptions = {}): WalkResult {
  const { maxPaths = 50_000, key = (s) => JSON.stringify([s.value, s.context, s.status]) } = options;
  const seen = new Set<string>();
  const walked = new Set<string>();
  const queue: AnyEventObject[][] = [[]];
  let paths = 0;
  for (let path = queue.shift(); path; path = queue.shift()) {
    paths += 1;
    if (paths > maxPaths) throw new Error('walk: too many paths, abstract the context in key()');
    const snapshot = replay(machine, options.input, path, walked);
    options.check?.(snapshot, path);
    if (seen.has(key(snapshot))) continue;
    seen.add(key(snapshot));
    if (snapshot.status !== 'active') continue;
    for (const event of nextEvents(snapshot, options.samples ?? {})) queue.push([...path, event]);
  }
  const all = allTransitions(machine);
  return {
    situations: seen.size,
    total: all.length,
    walked,
    missing: all.filter((name) => !walked.has(name)),
  };
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
  throw new Error(`walk: ${path.map((event) => event.type).join(' > ')} crashed the actor: ${String(crash)}`);
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

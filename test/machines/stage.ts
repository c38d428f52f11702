import {
  type ActorLogic,
  type AnyActorRef,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  fromTransition,
  type InputFrom,
  type Snapshot,
} from 'xstate';
import { StepClock } from './step-clock.ts';

/** One effect that a machine asked for and that the test answers. */
export interface Call {
  readonly port: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests know what each port is given
  readonly input: any;
  /** The machine that asked. */
  readonly owner: AnyActorRef | undefined;
  /** What a live effect was told. */
  readonly heard: readonly AnyEventObject[];
  readonly isOpen: boolean;
  /** The effect ends well. */
  answer(output?: unknown): void;
  /** The effect ends badly. */
  fail(error: unknown): void;
  /** A live effect says something to the machine that holds it. */
  say(event: AnyEventObject): void;
}

type PortState = Snapshot<unknown> & { readonly input: unknown };
type PortScope = Parameters<NonNullable<ActorLogic<PortState, AnyEventObject>['start']>>[1];

const ANSWER = 'test.answer';
const FAIL = 'test.fail';

/**
 * Stands for every effect of a machine and of the machines below it. All happens in the call that causes it: no
 * promise, no task, so that a test is a plain sequence.
 */
export class Stage {
  readonly clock = new StepClock();
  /** Every call so far, those that ended included. */
  readonly calls: Call[] = [];
  /** Effects that are answered as soon as they are asked for, so that tests about others need not name them. */
  readonly atOnce = new Map<string, (input: never) => unknown>();
  readonly #refs = new Map<AnyActorRef, { heard: AnyEventObject[]; call: Call }>();

  /** Forgets everything but the machines: another history begins. */
  clear(): void {
    this.calls.length = 0;
    this.#refs.clear();
    this.clock.clear();
  }

  open(port?: string): Call[] {
    return [...this.#refs.values()].map(({ call }) => call).filter((call) => !port || call.port === port);
  }

  /** The one open call of this port. */
  the(port: string): Call {
    const [call, ...more] = this.open(port);
    if (call && more.length === 0) return call;
    const names = this.open().map((open) => open.port);
    throw new Error(`${more.length + (call ? 1 : 0)} open calls of ${port}; open: ${names.join(', ')}`);
  }

  /** The machine with every effect played by this stage; machines among its actors stay what they are given as. */
  fill<T extends AnyStateMachine>(machine: T, machines: Readonly<Record<string, AnyStateMachine>> = {}): T {
    const names = Object.keys(machine.implementations.actors ?? {});
    const actors = Object.fromEntries(names.map((name) => [name, machines[name] ?? this.#port(name)]));
    return machine.provide({ actors } as never) as T;
  }

  #port(name: string): ActorLogic<PortState, AnyEventObject> {
    return {
      getInitialSnapshot: (_, input) => ({ status: 'active', output: undefined, error: undefined, input }),
      start: (state, scope) => this.#begin(name, state.input, scope),
      transition: (state, event, scope) => this.#next(state, event, scope.self as AnyActorRef),
      getPersistedSnapshot: (state) => state,
    };
  }

  #begin(port: string, input: unknown, { self }: PortScope): void {
    const ref = self as AnyActorRef;
    const heard: AnyEventObject[] = [];
    const isOpen = () => this.#refs.has(ref);
    const call: Call = {
      port,
      input,
      owner: (ref as { _parent?: AnyActorRef })._parent,
      heard,
      get isOpen() {
        return isOpen();
      },
      // as with a promise that settles after it was aborted, nobody hears it any more
      answer: (output) => {
        if (isOpen()) ref.send({ type: ANSWER, output });
      },
      fail: (error) => {
        if (isOpen()) ref.send({ type: FAIL, error });
      },
      say: (event) => {
        if (isOpen()) (ref as { _parent?: AnyActorRef })._parent?.send(event);
      },
    };
    this.#refs.set(ref, { heard, call });
    this.calls.push(call);
    const answer = this.atOnce.get(port);
    if (answer) call.answer(answer(input as never));
  }

  #next(state: PortState, event: AnyEventObject, ref: AnyActorRef): PortState {
    switch (event.type) {
      case ANSWER:
        this.#refs.delete(ref);
        return { ...state, status: 'done', output: event.output, error: undefined };
      case FAIL:
        this.#refs.delete(ref);
        return { ...state, status: 'error', output: undefined, error: event.error };
      case 'xstate.stop':
        this.#refs.delete(ref);
        return { ...state, status: 'stopped', output: undefined, error: undefined };
      default:
        this.#refs.get(ref)?.heard.push(event);
        return state;
    }
  }

  /** Starts a machine that this stage was filled into. */
  start<T extends AnyStateMachine>(machine: T, input: InputFrom<T>): Performance<T> {
    const actor = createActor(machine, {
      input,
      clock: this.clock as never,
      logger: () => {},
    } as never);
    let crash: unknown;
    actor.subscribe({
      error: (error: unknown) => {
        crash = error ?? new Error('undefined');
      },
    });
    actor.start();
    return {
      actor: actor as never,
      send: (event) => actor.send(event as never),
      get state() {
        return (actor.getSnapshot() as AnyMachineSnapshot).value;
      },
      get context() {
        return (actor.getSnapshot() as AnyMachineSnapshot).context;
      },
      get output() {
        return (actor.getSnapshot() as AnyMachineSnapshot).output;
      },
      get status() {
        return (actor.getSnapshot() as AnyMachineSnapshot).status;
      },
      get crash() {
        return crash;
      },
      is: (path) => isIn((actor.getSnapshot() as AnyMachineSnapshot).value, path),
      get scheduled() {
        return Object.keys(actor.system.getSnapshot()._scheduledEvents);
      },
    };
  }
}

/** A running machine, as a test looks at it. */
export interface Performance<T extends AnyStateMachine> {
  // biome-ignore lint/suspicious/noExplicitAny: a machine of any shape
  readonly actor: any;
  send(event: AnyEventObject): void;
  readonly state: unknown;
  readonly context: ReturnType<T['getInitialSnapshot']>['context'];
  // biome-ignore lint/suspicious/noExplicitAny: each machine has its own
  readonly output: any;
  readonly status: string;
  readonly crash: unknown;
  /** `alive.locating`: the machine stands in that state, or below it. */
  is(path: string): boolean;
  /** Names of the events that are still to come in the whole actor system. */
  readonly scheduled: readonly string[];
}

function isIn(value: unknown, path: string): boolean {
  const [head = '', ...rest] = path.split('.');
  if (typeof value === 'string') return value === head && rest.length === 0;
  const inner = (value as Record<string, unknown>)[head];
  return inner !== undefined && (rest.length === 0 || isIn(inner, rest.join('.')));
}

/** An owner that writes down everything it is told. */
export function recorder<T extends AnyEventObject = AnyEventObject>() {
  const events: T[] = [];
  const ref = createActor(
    fromTransition((state: null, event: T) => {
      events.push(event);
      return state;
    }, null),
  ).start();
  return { ref: ref as never, events, types: () => events.map(({ type }) => type) };
}

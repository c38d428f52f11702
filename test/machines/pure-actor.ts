import { type AnyEventObject, type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate';
import { nameOf } from './transition-names.ts';

/** Transitions without effects, and the names of those that were taken. */
export class PureActor {
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

  /** May be in the status `error`, as that of `next` may. */
  first(): AnyMachineSnapshot {
    this.#taken = [];
    return this.#machine.getInitialSnapshot(this.#scope as never, this.#input as never) as AnyMachineSnapshot;
  }

  next(from: AnyMachineSnapshot, event: AnyEventObject): AnyMachineSnapshot {
    this.#taken = [];
    return this.#machine.transition(from as never, event, this.#scope as never) as AnyMachineSnapshot;
  }

  /** Whether the last step took a transition that is not among these. */
  hasTakenNew(walked: ReadonlySet<string>): boolean {
    return this.#taken.some((name) => !walked.has(name));
  }
}

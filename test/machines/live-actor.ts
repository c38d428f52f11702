import {
  type Actor,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  SimulatedClock,
} from 'xstate';
import { nameOf } from './transition-names.ts';

/** A real actor with inert children, which writes down the transitions that it takes. */
export class LiveActor {
  readonly #actor: Actor<AnyStateMachine>;
  readonly #sent: AnyEventObject[] = [];
  #crash: unknown;

  constructor(machine: AnyStateMachine, input: unknown, walked: Set<string>) {
    this.#actor = createActor(machine, {
      input,
      clock: new SimulatedClock(),
      logger: () => {},
      inspect: (event) => {
        if (event.type !== '@xstate.microstep' || event.actorRef.sessionId !== event.rootId) return;
        for (const transition of event._transitions) walked.add(nameOf(transition));
      },
    });
    this.#actor.subscribe({
      error: (error: unknown) => {
        this.#crash = error ?? new Error('undefined');
      },
    });
    this.#actor.start();
    this.#expectAlive();
  }

  get snapshot(): AnyMachineSnapshot {
    return this.#actor.getSnapshot();
  }

  send(event: AnyEventObject): void {
    this.#sent.push(event);
    this.#actor.send(event);
    this.#expectAlive();
  }

  stop(): void {
    this.#actor.stop();
  }

  /** What it was sent, for a person. */
  get told(): string {
    return this.#sent.map(({ type }) => type).join(' > ');
  }

  #expectAlive(): void {
    if (this.#crash === undefined) return;
    throw new Error(`walk: ${this.told} crashed the actor: ${String(this.#crash)}`);
  }
}

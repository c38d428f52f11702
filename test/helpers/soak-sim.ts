import { type AnyActorRef, createActor, type InspectionEvent } from 'xstate';
import { hubConnectionMachine } from '../../machines/hub-connection/machine.ts';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import { supervisorMachine } from '../../machines/supervisor/machine.ts';
import type { Run } from '../../machines/supervisor/runs.ts';
import { vmLifecycleMachine } from '../../machines/vm-lifecycle/machine.ts';
import { vmPoolMachine } from '../../machines/vm-pool/machine.ts';
import { Stage } from '../machines/stage.ts';
import { Assignments } from '../model/assignments.ts';
import { type SeededRandom, seededRandom } from './soak-random.ts';
import { SimHub } from './soak-sim-hub.ts';
import { SimPorts, type Trouble } from './soak-sim-ports.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly maxConcurrent: number;
  readonly trouble: Trouble;
}

const LONG_MS = 48 * 3_600_000;

/**
 * The whole actor system, every machine of it real, with its own deadlines, between a hub and ports that take
 * simulated time. One seed is one history.
 */
export class Simulation {
  readonly stage = new Stage();
  readonly clock = this.stage.clock;
  readonly random: SeededRandom;
  readonly hub: SimHub;
  readonly ports: SimPorts;
  /** What must never happen. */
  readonly violations: string[] = [];
  // biome-ignore lint/suspicious/noExplicitAny: the root of everything
  readonly root: any;
  /** When each run said its last word, and when it had ended, in simulated milliseconds. */
  readonly concludedAtMs = new Map<string, number>();
  readonly endedAtMs = new Map<string, number>();
  readonly #assignments = new Assignments();
  readonly #maxConcurrent: number;
  #seenCalls = 0;

  constructor({ seed, maxConcurrent, trouble }: SimulationOptions) {
    const { stage } = this;
    this.random = seededRandom(seed);
    this.#maxConcurrent = maxConcurrent;
    this.hub = new SimHub(stage.clock);
    this.ports = new SimPorts(this.hub, this.random, trouble);
    const vmLifecycle = stage.fill(vmLifecycleMachine);
    const signJob = stage.fill(signJobMachine, { vmLifecycle });
    const vmPool = stage.fill(vmPoolMachine, { vmLifecycle });
    const hubConnection = stage.fill(hubConnectionMachine);
    this.root = createActor(stage.fill(supervisorMachine, { signJob, hubConnection, vmPool } as never), {
      id: 'supervisor',
      clock: stage.clock as never,
      logger: () => {},
      input: { maxConcurrent, image: 'golden', instance: '0a1b2c3d', standbySize: 0 },
      inspect: (event: InspectionEvent) => this.#watch(event),
    });
    this.root.subscribe({
      error: (error: unknown) => this.violations.push(`the supervisor broke: ${error}`),
    });
    this.root.start();
    this.#serve();
  }

  get runs(): readonly Run[] {
    return this.root.getSnapshot().context.runs;
  }

  get isOver(): boolean {
    return this.root.getSnapshot().status !== 'active';
  }

  after(delayMs: number, act: () => void): void {
    this.clock.setTimeout(act, delayMs);
  }

  /** Lets the next thing happen that is due. */
  step(): void {
    if (!this.clock.advanceToNext()) this.violations.push('nothing will ever happen again');
    this.#serve();
    this.#inspect();
  }

  /** Goes on until this is so. */
  until(isSo: () => boolean, what: string): void {
    const deadlineMs = this.clock.nowMs + LONG_MS;
    while (!isSo() && this.violations.length === 0) {
      if (this.clock.nowMs > deadlineMs) this.violations.push(`it never came to this: ${what}`);
      this.step();
    }
  }

  #watch(event: InspectionEvent): void {
    if (event.type !== '@xstate.event') return;
    const said = event.event as { type: string; runId?: string; output?: { runId: string } };
    const to = (event.actorRef as AnyActorRef).id;
    this.#assignments.note(to, said as never);
    if (to !== 'supervisor') return;
    if (said.type === 'job.concluded' && said.runId) this.concludedAtMs.set(said.runId, this.clock.nowMs);
    if (said.type.startsWith('xstate.done.actor.run.') && said.output)
      this.endedAtMs.set(said.output.runId, this.clock.nowMs);
  }

  /** Every effect that was asked for gets its time, everything written goes onto the wire. */
  #serve(): void {
    const { calls } = this.stage;
    for (; this.#seenCalls < calls.length; this.#seenCalls += 1) {
      const call = calls[this.#seenCalls];
      if (!call) continue;
      if (call.port === 'hubSocket') this.hub.knock(call);
      else {
        const durationMs = this.ports.durationOf(call);
        if (durationMs !== undefined) this.after(durationMs, () => call.isOpen && this.ports.end(call));
      }
    }
    // what has ended is of no interest any more
    calls.length = 0;
    this.#seenCalls = 0;
    for (const socket of this.stage.open('hubSocket')) this.hub.read(socket);
  }

  #inspect(): void {
    const running = this.stage.open('runVm').length;
    if (running > this.#maxConcurrent) this.violations.push(`${running} machines are running`);
    const leaked: readonly string[] = this.root.getSnapshot().context.leaked;
    const clones = [...this.ports.clones].filter((name) => !leaked.includes(name));
    if (clones.length > this.#maxConcurrent)
      this.violations.push(`${clones.length} clones: ${clones.join(', ')}`);
    this.violations.push(...this.hub.complaints.splice(0));
  }

  /** The operator drains; afterwards nothing of the daemon may be left. */
  end(): string[] {
    this.until(() => this.runs.length === 0 && this.ports.clones.size === 0, 'no run and no clone is left');
    if (!this.isOver) this.root.send({ type: 'drain.requested' });
    this.#serve();
    this.until(() => this.isOver, 'the drained daemon has ended');
    const open = this.stage.open().map(({ port }) => `${port} is still open`);
    const timers = Object.keys(this.root.system.getSnapshot()._scheduledEvents);
    return [
      ...this.violations,
      ...open,
      ...timers.map((name) => `the timer ${name} is left`),
      ...this.#assignments.unsettled((id) => this.hub.holds(id)),
    ];
  }
}

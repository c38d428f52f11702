import { type AnyActorRef, createActor, type InspectionEvent } from 'xstate';
import { hubConnectionMachine } from '../../machines/hub-connection/machine.ts';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import { supervisorMachine } from '../../machines/supervisor/machine.ts';
import { vmLifecycleMachine } from '../../machines/vm-lifecycle/machine.ts';
import { vmPoolMachine } from '../../machines/vm-pool/machine.ts';
import { type Call, Stage } from '../machines/stage.ts';
import { Assignments } from './assignments.ts';
import { waysOf } from './effects.ts';
import { type Happening, happening, picked } from './happening.ts';
import { ModelHost } from './model-host.ts';
import { ModelHub } from './model-hub.ts';
import { ModelLink } from './model-link.ts';

export interface WorldOptions {
  readonly maxConcurrent: number;
  readonly standbySize: number;
  /** Defects of our own as well: runs whose statechart breaks. */
  readonly breaksRuns: boolean;
  /** What goes badly more often than not: an effect by its name, the link, or the time that everything takes. */
  readonly harshOn: string;
}

type Wish = 'drain.requested' | 'shutdown.requested';

/** What may happen when nothing shall go wrong any more. */
const CALM =
  /ends well|vm\.started|lets us in|assigns \S+$|reads a result|receipt|closes the link|NOT_OURS|VM_CLONE_FAILED|swept/;

/** One for all worlds, which follow each other: to build the charts anew takes longer than to walk on them. */
const stage = new Stage();
const machines = filled();

/**
 * The whole actor system, every machine of it real, between a hub, a driver and a disk that do at random what the
 * test picks. Nothing is asynchronous: a walk is a list of picks, and the same picks are the same walk.
 */
export class World {
  readonly #options: WorldOptions;
  readonly #stage = stage;
  readonly #hub = new ModelHub();
  readonly #host = new ModelHost(this.#stage);
  readonly #link = new ModelLink(this.#stage, this.#hub);
  readonly #assignments = new Assignments();
  readonly #trace: { atMs: number; name: string; times: number }[] = [];
  // biome-ignore lint/suspicious/noExplicitAny: the supervisor, with other actors than its own
  readonly #root: any;
  #runsAtDrain: readonly string[] | undefined;
  /** Assignments on their way back that could not be asked about. */
  readonly #givenUp = new Set<string>();
  #crash: unknown;
  /** What has happened and must never happen. */
  readonly violations: string[] = [];
  /** Kinds of events, and ends of runs and machines: to know that the walks lead into every corner. */
  readonly seen = new Set<string>();

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#stage.clear();
    const { maxConcurrent, standbySize } = options;
    this.#root = createActor(machines, {
      id: 'supervisor',
      clock: this.#stage.clock as never,
      logger: () => {},
      input: { maxConcurrent, standbySize, image: 'golden', instance: '0a1b2c3d' },
      inspect: (event: InspectionEvent) => this.#watch(event),
    });
    this.#root.subscribe({
      error: (error: unknown) => {
        this.#crash = error ?? new Error('undefined');
      },
    });
    this.#root.start();
  }

  get isOver(): boolean {
    return this.#root.getSnapshot().status !== 'active';
  }

  /** A deadline of the daemon as a whole ended it before everything was cleaned up; the next start sweeps. */
  get wasCutShort(): boolean {
    return this.isOver && this.#host.machines.size > 0;
  }

  get trace(): string[] {
    return this.#trace.map(({ atMs, name, times }) => `${atMs} ms: ${name}${times > 1 ? ` ×${times}` : ''}`);
  }

  get #runs(): { runId: string; jobId: string; phase: string; ref: AnyActorRef }[] {
    return this.#root.getSnapshot().context.runs;
  }

  /** Lets one of the things happen that could, and looks whether all is well. */
  step(pick: number): void {
    this.#do(picked(this.#happenings(), pick));
  }

  wish(type: Wish): void {
    if (this.isOver) return;
    this.#runsAtDrain ??= this.#assignments.runs;
    this.#do(happening(type, 1, () => this.#root.send({ type })));
  }

  /** From now on everything goes well, until nothing is left to do. */
  calm(): void {
    for (let n = 0; n < 1_000 && !this.isOver; n += 1) {
      const next = this.#happenings().find(({ name }) => CALM.test(name));
      if (next) this.#do(next);
      else if (this.#isAtRest()) return;
      else this.#letTimePass();
    }
    if (!this.isOver) this.violations.push('the world does not come to rest');
  }

  #isAtRest(): boolean {
    const { runs, leaked } = this.#root.getSnapshot().context;
    const isQuiet = runs.length === 0 && leaked.length === 0 && this.#hub.running.length === 0;
    return isQuiet && this.#runsAtDrain === undefined && this.#linkIsIn('online');
  }

  #letTimePass(): void {
    for (const socket of this.#stage.open('hubSocket')) socket.say({ type: 'socket.heard' });
    for (const passing of this.#ofTime()) this.#do(passing);
  }

  #happenings(): Happening[] {
    const { harshOn } = this.#options;
    const effects = this.#stage
      .open()
      .flatMap((call) => waysOf(call, { hub: this.#hub, host: this.#host, isHarsh: harshOn === call.port }));
    const link = this.#link.happenings({
      isIn: (state) => this.#linkIsIn(state),
      isHarsh: harshOn === 'link',
      unanswered: this.#runs.filter(({ phase }) => phase !== 'concluded').map(({ jobId }) => jobId),
    });
    return [...effects, ...link, ...this.#ofTime(), ...this.#defects()];
  }

  #linkIsIn(state: string): boolean {
    const { hub } = this.#root.getSnapshot().children;
    return JSON.stringify(hub?.getSnapshot().value ?? '').includes(`"${state}"`);
  }

  #ofTime(): Happening[] {
    const { clock } = this.#stage;
    const weight = this.#options.harshOn === 'time' ? 90 : 6;
    if (clock.pending === 0) return [];
    return [happening('time passes until the next timer', weight, () => void clock.advanceToNext())];
  }

  #defects(): Happening[] {
    if (!this.#options.breaksRuns) return [];
    const working = this.#runs.filter(({ phase }) => phase === 'working').slice(0, 1);
    return working.map(({ runId, jobId, ref }) =>
      happening(`the statechart of ${runId} breaks`, 1, () => {
        // what a broken run answers is said without a question
        this.#link.excuse(jobId);
        // no machine says this; it stands for any defect that throws in an action
        ref.send({ type: 'xstate.done.actor.vm' } as never);
      }),
    );
  }

  #do({ name, happen }: Happening): void {
    this.#write(name);
    const sockets = this.#stage.open('hubSocket');
    const questions = [
      ...this.#stage.open('probeAssignments'),
      ...this.#stage.open('probeClaim'),
      ...this.#stage.open('probeReturned'),
    ];
    happen();
    if (sockets.some(({ isOpen }) => !isOpen)) this.#link.end();
    this.#excuse(questions.filter(({ isOpen }) => !isOpen && !/^probe.*ends well/.test(name)));
    this.#link.readCommands();
    this.#inspect();
  }

  /** A question that got no true answer ends in results that are said twice, or to nobody. */
  #excuse(questions: readonly Call[]): void {
    for (const { input } of questions)
      for (const id of input.assignmentIds ?? [input.assignmentId]) this.#link.excuse(id);
  }

  /** What is the same as before is counted. */
  #write(name: string): void {
    const last = this.#trace.at(-1);
    if (last?.name === name) last.times += 1;
    else this.#trace.push({ atMs: this.#stage.clock.nowMs, name, times: 1 });
  }

  #watch(event: InspectionEvent): void {
    if (event.type !== '@xstate.event') return;
    this.#assignments.note((event.actorRef as AnyActorRef).id, event.event as never);
    this.seen.add(event.event.type);
    if (event.event.type.startsWith('xstate.after.returnTimeout')) this.#giveUpReturned();
    const { output } = event.event as { output?: { outcome?: string } };
    if (output?.outcome) this.seen.add(output.outcome);
  }

  /** The hub stayed away, or refused us, until nothing else was left to wait for. */
  #giveUpReturned(): void {
    for (const { assignmentId } of this.#root.getSnapshot().context.returned) this.#givenUp.add(assignmentId);
  }

  #inspect(): void {
    if (this.isOver) this.#giveUpReturned();
    const { machines } = this.#host;
    this.#host.count(this.#root.getSnapshot().context.leaked);
    if (machines.size > this.#options.maxConcurrent)
      this.violations.push(`${machines.size} machines: ${[...machines].join(', ')}`);
    for (const runId of this.#startedSinceDrain())
      if (!this.#wasAskedAbout(runId))
        this.violations.push(`${runId} was started after the drain was asked for`);
    if (this.#crash !== undefined) this.violations.push(`the supervisor broke: ${String(this.#crash)}`);
    this.violations.push(...this.#assignments.wrong(), ...this.#hub.complaints.splice(0));
  }

  #startedSinceDrain(): string[] {
    const before = this.#runsAtDrain;
    return before === undefined ? [] : this.#assignments.runs.filter((runId) => !before.includes(runId));
  }

  /** The hub had its chance to take the job back. */
  #wasAskedAbout(assignmentId: string): boolean {
    return this.#stage.calls.some(
      ({ port, input }) => port === 'probeReturned' && input.assignmentIds.includes(assignmentId),
    );
  }

  /** After the calm: nobody waits for an answer, and nothing is left. */
  judge(): readonly string[] {
    const kept = this.#keptOnPurpose();
    const open = this.#stage
      .open()
      .filter((call) => !kept.includes(call.input?.name ?? call.port) && !this.#isOrphan(call));
    const machines = [...this.#host.machines].filter((name) => !kept.includes(name));
    return [
      ...this.violations,
      ...open.map(({ port }) => `${port} is still open`),
      ...machines.map((name) => `the machine ${name} is left`),
      ...this.#timersLeft().map((name) => `the timer ${name} is left`),
      ...(this.isOver ? [] : this.#hub.running.map((jobId) => `${jobId} hangs for ever`)),
      ...this.#assignments.unsettled((id) => this.#hub.knows(id) && !this.#givenUp.has(id)),
    ];
  }

  /** Of a run whose statechart broke nobody hears any more: the sweep has ended its process, and an upload that waits in it. */
  #isOrphan({ port, input: { runId } }: Call): boolean {
    const isSwept = (call: Call) => call.port === 'sweepRun' && call.input.runId === runId;
    return ['watchRun', 'deliverAhead'].includes(port) && this.#stage.calls.some(isSwept);
  }

  /** While the daemon lives: its link and its standby machines. Always: machines that were swept from outside. */
  #keptOnPurpose(): string[] {
    const names = this.#stage
      .open()
      .flatMap(({ input }) => (this.#host.isSwept(input?.name) ? [input.name] : []));
    if (this.isOver) return names;
    const { pool } = this.#root.getSnapshot().children;
    const standbys: { name: string }[] = pool?.getSnapshot().context.standbys ?? [];
    const alive = ['hubSocket', 'interruptedJobs', 'askQueueLength', 'findObstacles'];
    return [...names, ...alive, ...standbys.map(({ name }) => name)];
  }

  /** A machine whose run broke is an orphan: it ends by itself, or with the process. */
  #timersLeft(): string[] {
    const timers = this.isOver ? Object.keys(this.#root.system.getSnapshot()._scheduledEvents) : [];
    return timers.filter((name) => !this.#options.breaksRuns || !name.includes('vmLifecycle'));
  }
}

function filled(): typeof supervisorMachine {
  const vmLifecycle = stage.fill(vmLifecycleMachine);
  return stage.fill(supervisorMachine, {
    hubConnection: stage.fill(hubConnectionMachine),
    signJob: stage.fill(signJobMachine, { vmLifecycle }),
    vmPool: stage.fill(vmPoolMachine, { vmLifecycle }),
  } as never);
}

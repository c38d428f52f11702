import { type AnyActorRef, createActor, type InspectionEvent } from 'xstate';
import type { HubReport } from '../../machines/contracts/hub.ts';
import { hubConnectionMachine } from '../../machines/hub-connection/machine.ts';
import type { Letter } from '../../machines/hub-connection/outbox.ts';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import { supervisorMachine } from '../../machines/supervisor/machine.ts';
import { vmLifecycleMachine } from '../../machines/vm-lifecycle/machine.ts';
import { vmPoolMachine } from '../../machines/vm-pool/machine.ts';
import { address, failure } from '../machines/samples.ts';
import { admitted, artifact } from '../machines/sign-job-scene.ts';
import { type Call, Stage } from '../machines/stage.ts';
import { Assignments } from './assignments.ts';
import { ModelHub } from './model-hub.ts';

/** Something that could happen next. */
export interface Happening {
  readonly name: string;
  readonly weight: number;
  readonly happen: () => void;
}

export interface WorldOptions {
  readonly maxConcurrent: number;
  /** Defects of our own as well: runs whose statechart breaks. */
  readonly breaksRuns: boolean;
  /** What goes badly more often than not: an effect by its name, the link, or the time that everything takes. */
  readonly harshOn: string;
}

type Frame = { seq: number; report: Extract<HubReport, { kind: 'conclusion' }> };

/**
 * The whole actor system, every machine of it real, between a hub, a driver and a disk that do at random what the
 * test picks. Nothing is asynchronous: a walk is a list of picks, and the same picks are the same walk.
 */
export class World {
  readonly stage = new Stage();
  readonly hub = new ModelHub();
  readonly #trace: { atMs: number; name: string; times: number }[] = [];
  /** What must never happen. */
  readonly violations: string[] = [];
  readonly #options: WorldOptions;
  // biome-ignore lint/suspicious/noExplicitAny: the root of everything
  readonly root: any;
  /** Machines that exist: from the start of their cloning until they are deleted, or known as leaked. */
  readonly #machines = new Set<string>();
  /** Swept while their statechart was gone: nothing about them can go well any more. */
  readonly #swept = new Set<string>();
  /** Kinds of events, and ends of runs and machines: to know that the walks lead into every corner. */
  readonly seen = new Set<string>();
  readonly #booted = new Set<Call>();
  /** Written by us and not read by the hub yet; lost with the link. */
  #wire: Frame[] = [];
  #read: number[] = [];
  /** Jobs and assignments of which the protocol itself does not let a worker know better. */
  readonly #excused = new Set<string>();
  #isClosing = false;
  #runsAtDrain: number | undefined;
  #crash: unknown;
  readonly #assignments = new Assignments();

  constructor(options: WorldOptions) {
    this.#options = options;
    const { stage } = this;
    const vmLifecycle = stage.fill(vmLifecycleMachine);
    const signJob = stage.fill(signJobMachine, { vmLifecycle });
    const vmPool = stage.fill(vmPoolMachine, { vmLifecycle });
    const hubConnection = stage.fill(hubConnectionMachine);
    this.root = createActor(stage.fill(supervisorMachine, { signJob, hubConnection, vmPool } as never), {
      id: 'supervisor',
      clock: stage.clock as never,
      logger: () => {},
      input: { maxConcurrent: options.maxConcurrent, image: 'golden', instance: '0a1b2c3d', standbySize: 0 },
      inspect: (event: InspectionEvent) => this.#watch(event),
    });
    this.root.subscribe({
      error: (error: unknown) => {
        this.#crash = error ?? new Error('undefined');
      },
    });
    this.root.start();
  }

  /** A deadline of the daemon as a whole ended it before everything was cleaned up; the next start sweeps. */
  get wasCutShort(): boolean {
    return this.isOver && this.#machines.size > 0;
  }

  get isOver(): boolean {
    return this.root.getSnapshot().status !== 'active';
  }

  get runs(): { runId: string; jobId: string; phase: string; ref: AnyActorRef }[] {
    return this.root.getSnapshot().context.runs;
  }

  /** Lets one of the things happen that could, and looks whether all is well. */
  step(pick: number): void {
    const happenings = this.#happenings();
    const total = happenings.reduce((sum, { weight }) => sum + weight, 0);
    let left = pick % total;
    const picked = happenings.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    this.do(picked as Happening);
  }

  do({ name, happen }: Happening): void {
    this.#write(name);
    const sockets = this.stage.open('hubSocket');
    const probes = [...this.stage.open('probeAssignments'), ...this.stage.open('probeClaim')];
    happen();
    if (sockets.some(({ isOpen }) => !isOpen)) this.#noticeEnd();
    // a question that got no true answer ends in results that are said twice, or to nobody
    for (const { isOpen, input } of probes)
      if (!isOpen && !/^probe\w+ .*ends well/.test(name))
        for (const id of input.assignmentIds ?? [input.assignmentId]) this.#excused.add(id);
    this.#readCommands();
    this.#inspect();
  }

  /** What is the same as before is counted. */
  #write(name: string): void {
    const last = this.#trace.at(-1);
    if (last?.name === name) last.times += 1;
    else this.#trace.push({ atMs: this.stage.clock.nowMs, name, times: 1 });
  }

  get trace(): string[] {
    return this.#trace.map(({ atMs, name, times }) => `${atMs} ms: ${name}${times > 1 ? ` ×${times}` : ''}`);
  }

  /** What was not read is lost. */
  #noticeEnd(): void {
    this.hub.lose();
    this.#wire = [];
    this.#read = [];
    this.#isClosing = false;
  }

  #watch(event: InspectionEvent): void {
    if (event.type !== '@xstate.event') return;
    this.#assignments.note((event.actorRef as AnyActorRef).id, event.event as never);
    this.seen.add(event.event.type);
    const { output } = event.event as { output?: { outcome?: string } };
    if (output?.outcome) this.seen.add(output.outcome);
  }

  /** What we wrote goes onto the wire. */
  #readCommands(): void {
    const [socket] = this.stage.open('hubSocket');
    const commands = (socket?.heard ?? []) as { type: string; letters?: Letter[] }[];
    for (const { type, letters = [] } of commands.splice(0)) {
      if (type === 'socket.close') this.#isClosing = true;
      for (const { seq, report } of letters)
        if (report.kind === 'conclusion') this.#wire.push({ seq, report });
    }
  }

  #inspect(): void {
    this.#countMachines();
    const alive = [...this.#machines];
    if (alive.length > this.#options.maxConcurrent)
      this.violations.push(`${alive.length} machines: ${alive.join(', ')}`);
    if (this.#runsAtDrain !== undefined && this.#startedRuns > this.#runsAtDrain)
      this.violations.push('a run was started after the drain was asked for');
    this.violations.push(...this.#assignments.wrong(), ...this.hub.complaints.splice(0));
    if (this.#crash !== undefined) this.violations.push(`the supervisor broke: ${String(this.#crash)}`);
  }

  get #startedRuns(): number {
    return this.stage.calls.filter(({ port }) => port === 'admitJob').length;
  }

  #countMachines(): void {
    for (const { input } of this.stage.open('cloneVm'))
      if (!this.#swept.has(input.name)) this.#machines.add(input.name);
    const leaked: string[] = this.root.getSnapshot().context.leaked;
    for (const name of leaked) this.#machines.delete(name);
  }

  #happenings(): Happening[] {
    return [...this.stage.open().flatMap((call) => this.#ends(call)), ...this.#ofTheHub(), ...this.#ofTime()];
  }

  #isHarsh(what: string): boolean {
    return this.#options.harshOn === what;
  }

  /** The ways in which one effect can end. */
  #ends(call: Call): Happening[] {
    const { port, input } = call;
    const name = `${port} ${input?.runId ?? input?.name ?? ''}`.trim();
    const good = (weight: number, output?: unknown) => ({
      ...{ name: `${name} ends well`, weight: this.#isHarsh(port) ? 1 : weight },
      happen: () => call.answer(output),
    });
    const bad = (code: string, isRetryable: boolean, weight = 1) => ({
      ...{ name: `${name} fails: ${code}`, weight },
      happen: () => call.fail(failure(code, isRetryable)),
    });
    const says = (type: string, weight: number) => ({
      ...{ name: `${name} says ${type}`, weight },
      happen: () => call.say({ type, reason: 'x' }),
    });
    const isGone = this.#swept.has(input?.name);
    switch (port) {
      case 'hubSocket':
      case 'watchGuest':
        return port === 'watchGuest' ? [says('guest.lost', 1)] : [];
      case 'runVm':
        return isGone
          ? [{ ...says('vm.exited', 4), name: `${name} is swept away` }]
          : [...this.#startOf(call, name), says('vm.exited', 1), bad('VM_START_FAILED', true)];
      case 'cloneVm':
        return isGone ? [bad('VM_CLONE_FAILED', true, 4)] : [good(30), bad('VM_CLONE_FAILED', true)];
      case 'locateVm':
        return [...(isGone ? [] : [good(30, address)]), bad('VM_NOT_LOCATED', true, 2), bad('BROKEN', false)];
      case 'connectGuest':
        return [...(isGone ? [] : [good(30)]), bad('GUEST_UNREACHABLE', true, 2), bad('BROKEN', false)];
      case 'deleteVm':
        return [
          { ...good(30), happen: () => this.#deleted(input.name, call) },
          bad('VM_DELETE_FAILED', true, 2),
        ];
      case 'sweepRun':
        return [
          { ...good(30), happen: () => this.#sweep([input.vmName], () => call.answer()) },
          bad('VM_DELETE_FAILED', true),
        ];
      case 'sweepLeaks':
        return [
          { ...good(4), happen: () => this.#sweep(input.names, () => call.answer(input.names)) },
          good(2, []),
          bad('BROKEN', true),
        ];
      case 'sweepLeftovers':
        return [good(30, []), good(1, ['perry-ship-0a1b2c3d-old']), bad('BROKEN', true)];
      case 'probeAssignments':
        return [
          {
            ...good(6),
            happen: () => call.answer(input.assignmentIds.filter((id: string) => this.hub.knows(id))),
          },
          bad('HUB_UNAVAILABLE', true),
        ];
      case 'probeClaim':
        return [
          good(6, this.hub.knows(input.assignmentId) ? 'open' : 'closed'),
          bad('HUB_UNAVAILABLE', true),
        ];
      case 'admitJob':
        return [
          good(30, { ...admitted, embedsProfile: input.runId.length % 2 === 0 }),
          bad('MANIFEST_INVALID', false),
        ];
      case 'downloadBundle':
        return [
          this.hub.knows(input.assignmentId) ? good(30) : bad('HUB_JOB_NOT_OURS', false, 30),
          bad('HUB_UNAVAILABLE', true, 2),
          bad('BROKEN', false),
        ];
      case 'deliverArtifact':
        return [
          { ...good(30), name: `${name} reaches the hub`, happen: () => this.#deliver(call) },
          bad('HUB_UNAVAILABLE', true, 2),
        ];
      case 'packageArtifact':
        return [good(30, artifact), bad('BROKEN', false)];
      default:
        return [good(30), bad('BROKEN', false)];
    }
  }

  /** The process of a machine says only once that it runs. */
  #startOf(call: Call, name: string): Happening[] {
    if (this.#booted.has(call)) return [];
    const happen = () => {
      this.#booted.add(call);
      call.say({ type: 'vm.started' });
    };
    return [{ name: `${name} says vm.started`, weight: 20, happen }];
  }

  #deleted(name: string, call: Call): void {
    this.#machines.delete(name);
    call.answer();
  }

  /** The driver ends whatever these machines are doing, and removes them. */
  #sweep(names: readonly string[], answer: () => void): void {
    for (const name of names) {
      this.#machines.delete(name);
      this.#swept.add(name);
      for (const orphan of this.stage.open('runVm').filter(({ input }) => input.name === name))
        orphan.say({ type: 'vm.exited', reason: 'swept' });
    }
    answer();
  }

  #deliver(call: Call): void {
    if (this.hub.upload(call.input.assignmentId)) call.answer();
    else call.fail(failure('HUB_JOB_NOT_OURS'));
  }

  #ofTheHub(): Happening[] {
    const [socket] = this.stage.open('hubSocket');
    const submit = { name: 'a job is submitted', weight: 2, happen: () => void this.hub.submit() };
    if (!socket) return [submit];
    const say = (name: string, weight: number, event: { type: string } & Record<string, unknown>) => ({
      ...{ name: `the hub ${name}`, weight },
      happen: () => socket.say(event),
    });
    const receive = (name: string, weight: number, message: () => Record<string, unknown>) => ({
      ...{ name: `the hub ${name}`, weight },
      happen: () => socket.say({ type: 'socket.received', message: message() }),
    });
    const lost = { type: 'socket.lost', reason: 'reset' };
    const lose = say(
      this.#isClosing ? 'closes the link too' : 'is lost',
      this.#isClosing ? 8 : this.#isHarsh('link') ? 20 : 2,
      lost,
    );
    if (this.#isIn('connecting')) return [submit, say('lets us in', 8, { type: 'socket.opened' }), lose];
    const refusing = this.#isIn('greeting') && [
      receive('refuses our secret', 1, () => ({ type: 'authFailed' })),
    ];
    const [queued] = this.hub.queued;
    const assigning = queued && [
      receive(`assigns ${queued.jobId}`, 8, () => ({
        ...{ type: 'jobAssigned', jobId: queued.jobId, assignmentId: this.hub.assign(queued) },
      })),
    ];
    const [running] = this.hub.running.filter(
      ({ jobId }) => !this.#wire.some(({ report }) => report.jobId === jobId),
    );
    const assigningAgain = running && [
      receive(`assigns ${running.jobId} once more`, 1, () => ({
        ...{ type: 'jobAssigned', jobId: running.jobId, assignmentId: this.hub.reassign(running) },
      })),
    ];
    const { cancellable } = this.hub;
    const cancelling = cancellable && [
      receive(`cancels ${cancellable}`, 1, () => ({ type: 'cancelRequested', jobId: cancellable })),
    ];
    const reading = this.#wire.length > 0 && [
      { name: 'the hub reads a conclusion', weight: 6, happen: () => this.#readOne() },
    ];
    const confirming = this.#read.length > 0 && [
      { name: 'a receipt comes', weight: 6, happen: () => this.#confirmOne(socket) },
    ];
    return [
      ...[submit, lose, say('is heard', 3, { type: 'socket.heard' })],
      ...[refusing, assigning, assigningAgain, cancelling, reading, confirming].flatMap((some) => some || []),
    ];
  }

  #readOne(): void {
    const { seq, report } = this.#wire.shift() as Frame;
    if (this.#excused.has(report.assignmentId)) this.#excused.add(report.jobId);
    this.hub.hear(report, this.#excused.has(report.jobId));
    this.#read.push(seq);
  }

  #confirmOne(socket: Call): void {
    socket.say({ type: 'socket.confirmed', seq: this.#read.shift() as number });
  }

  #ofTime(): Happening[] {
    const { clock } = this.stage;
    const passing = clock.pending > 0 && [
      {
        name: 'time passes until the next timer',
        weight: this.#isHarsh('time') ? 90 : 6,
        happen: () => void clock.advanceToNext(),
      },
    ];
    const [run] = this.runs.filter(({ phase }) => phase === 'working');
    const breaking = this.#options.breaksRuns &&
      run && [
        {
          name: `the statechart of ${run.runId} breaks`,
          weight: 1,
          // no machine says this; it stands for any defect that throws in an action
          happen: () => {
            // what a broken run answers is said without a question
            this.#excused.add(run.jobId);
            run.ref.send({ type: 'xstate.done.actor.vm' } as never);
          },
        },
      ];
    return [passing, breaking].flatMap((some) => some || []);
  }

  #isIn(state: string): boolean {
    const hub = this.root.getSnapshot().children.hub;
    return JSON.stringify(hub?.getSnapshot().value ?? '').includes(`"${state}"`);
  }

  drain(type: 'drain.requested' | 'shutdown.requested'): void {
    if (this.isOver) return;
    this.do({
      name: type,
      weight: 1,
      happen: () => {
        this.#runsAtDrain ??= this.#startedRuns;
        this.root.send({ type });
      },
    });
  }

  /** From now on everything goes well, until nothing is left to do. */
  calm(): void {
    for (let n = 0; n < 1_000 && !this.isOver; n += 1) {
      const next = this.#happenings().find(({ name }) => CALM.test(name));
      if (next) this.do(next);
      else if (this.#isAtRest()) return;
      else this.#letTimePass();
    }
    if (!this.isOver) this.violations.push('the world does not come to rest');
  }

  #letTimePass(): void {
    for (const socket of this.stage.open('hubSocket')) socket.say({ type: 'socket.heard' });
    for (const happening of this.#ofTime().slice(0, 1)) this.do(happening);
  }

  #isAtRest(): boolean {
    const { runs, leaked } = this.root.getSnapshot().context;
    const isQuiet = runs.length === 0 && leaked.length === 0 && this.hub.running.length === 0;
    return isQuiet && this.#runsAtDrain === undefined && this.#isIn('online');
  }

  /** After the calm: nobody waits for an answer, and nothing is left. */
  judge(): readonly string[] {
    const open = this.stage.open().filter(({ port }) => this.isOver || port !== 'hubSocket');
    const timers = this.isOver ? Object.keys(this.root.system.getSnapshot()._scheduledEvents) : [];
    return [
      ...this.violations,
      ...open.map(({ port }) => `${port} is still open`),
      ...[...this.#machines].map((name) => `the machine ${name} is left`),
      ...timers.map((name) => `the timer ${name} is left`),
      ...(this.isOver ? [] : this.hub.running.map(({ jobId }) => `${jobId} hangs for ever`)),
      ...this.#assignments.unsettled(),
    ];
  }
}

/** What may happen when nothing shall go wrong any more. */
const CALM =
  /ends well|reaches the hub|lets us in|reads a conclusion|receipt|assigns \S+$|vm\.started|NOT_OURS|VM_CLONE_FAILED|is swept away|link too/;

import { type AnyActorRef, createActor, type InspectionEvent } from 'xstate';
import type { HubReport } from '../../machines/contracts/hub.ts';
import { hubConnectionMachine } from '../../machines/hub-connection/machine.ts';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import { supervisorMachine } from '../../machines/supervisor/machine.ts';
import { vmLifecycleMachine } from '../../machines/vm-lifecycle/machine.ts';
import { address, failure } from '../machines/samples.ts';
import { admitted, artifact } from '../machines/sign-job-scene.ts';
import { type Call, Stage } from '../machines/stage.ts';
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
}

type Frame = { kind: 'conclusion'; seq: number; report: Extract<HubReport, { kind: 'conclusion' }> };

/**
 * The whole actor system, every machine of it real, between a hub, a driver and a disk that do at random what the
 * test picks. Nothing is asynchronous: a walk is a list of picks, and the same picks are the same walk.
 */
export class World {
  readonly stage = new Stage();
  readonly hub = new ModelHub();
  readonly trace: string[] = [];
  /** What must never happen. */
  readonly violations: string[] = [];
  readonly #options: WorldOptions;
  // biome-ignore lint/suspicious/noExplicitAny: the root of everything
  readonly root: any;
  /** Machines that exist: from the start of their cloning until they are deleted, or known as leaked. */
  readonly #machines = new Set<string>();
  /** Swept while their statechart was gone: nothing about them can go well any more. */
  readonly #swept = new Set<string>();
  /** Written by us and not read by the hub yet; lost with the link. */
  #wire: Frame[] = [];
  #read: number[] = [];
  #isExcused = false;
  #runsAtDrain: number | undefined;
  #crash: unknown;
  readonly #answered = new Map<string, number>();
  readonly #assigned: { assignmentId: string; jobId: string }[] = [];

  constructor(options: WorldOptions) {
    this.#options = options;
    const { stage } = this;
    const signJob = stage.fill(signJobMachine, { vmLifecycle: stage.fill(vmLifecycleMachine) });
    const hubConnection = stage.fill(hubConnectionMachine);
    this.root = createActor(stage.fill(supervisorMachine, { signJob, hubConnection } as never), {
      id: 'supervisor',
      clock: stage.clock as never,
      logger: () => {},
      input: { maxConcurrent: options.maxConcurrent, image: 'golden', instance: '0a1b2c3d' },
      inspect: (event: InspectionEvent) => this.#watch(event),
    });
    this.root.subscribe({
      error: (error: unknown) => {
        this.#crash = error ?? new Error('undefined');
      },
    });
    this.root.start();
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
    this.trace.push(`${this.stage.clock.nowMs} ms: ${name}`);
    happen();
    this.#settleWire();
    this.#inspect();
  }

  #watch(event: InspectionEvent): void {
    if (event.type !== '@xstate.event') return;
    const said = event.event as { type: string } & Record<string, never>;
    const to = (event.actorRef as AnyActorRef).id;
    if (to === 'supervisor' && said.type === 'hub.jobAssigned') this.#assigned.push(said as never);
    if (to !== 'hub' || said.type !== 'hub.report') return;
    const report = said.report as HubReport;
    if (report.kind === 'conclusion')
      this.#answered.set(report.assignmentId, (this.#answered.get(report.assignmentId) ?? 0) + 1);
  }

  /** What we wrote since the last look goes onto the wire; a Close frame ends the link. */
  #settleWire(): void {
    const [socket] = this.stage.open('hubSocket');
    if (!socket) {
      if (this.#wire.length > 0 || this.#read.length > 0) this.#loseWire();
      return;
    }
    for (const command of (socket.heard as { type: string; letters?: never[] }[]).splice(0))
      for (const { seq, report } of (command.letters ?? []) as Frame[])
        if (report.kind === 'conclusion') this.#wire.push({ kind: 'conclusion', seq, report });
  }

  /** What was not read is lost, and we cannot know which job the hub gives back: see `hear`. */
  #loseWire(): void {
    if (this.#wire.length > 0) this.#isExcused = true;
    this.#wire = [];
    this.#read = [];
  }

  #inspect(): void {
    const alive = this.#machines.size;
    if (alive > this.#options.maxConcurrent)
      this.violations.push(`${alive} machines: ${[...this.#machines].join(', ')}`);
    for (const [assignmentId, count] of this.#answered)
      if (count > 1) this.violations.push(`${count} conclusions for ${assignmentId}`);
    const started = this.stage.calls.filter(({ port }) => port === 'admitJob').length;
    if (this.#runsAtDrain !== undefined && started > this.#runsAtDrain)
      this.violations.push('a run was started after the drain was asked for');
    this.violations.push(...this.hub.complaints.splice(0));
    if (this.#crash !== undefined) this.violations.push(`the supervisor broke: ${String(this.#crash)}`);
    this.#keepBooks();
  }

  #keepBooks(): void {
    for (const { input } of this.stage.open('cloneVm')) this.#machines.add(input.name);
    const leaked: string[] = this.isOver ? [] : this.root.getSnapshot().context.leaked;
    for (const name of leaked) this.#machines.delete(name);
  }

  #happenings(): Happening[] {
    return [...this.stage.open().flatMap((call) => this.#ends(call)), ...this.#ofTheHub(), ...this.#ofTime()];
  }

  /** The ways in which one effect can end. */
  #ends(call: Call): Happening[] {
    const { port, input } = call;
    const name = `${port} ${input?.runId ?? input?.name ?? ''}`.trim();
    const good = (weight: number, output?: unknown) => ({
      ...{ name: `${name} ends well`, weight },
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
        return isGone ? [says('vm.exited', 4)] : [says('vm.started', 6), says('vm.exited', 1), bad('VM_START_FAILED', true)];
      case 'cloneVm':
        return isGone ? [bad('VM_CLONE_FAILED', true, 4)] : [good(8), bad('VM_CLONE_FAILED', true)];
      case 'locateVm':
        return [...(isGone ? [] : [good(8, address)]), bad('VM_NOT_LOCATED', true, 2), bad('BROKEN', false)];
      case 'connectGuest':
        return [...(isGone ? [] : [good(8)]), bad('GUEST_UNREACHABLE', true, 2), bad('BROKEN', false)];
      case 'deleteVm':
        return [
          { ...good(8), happen: () => this.#deleted(input.name, call) },
          bad('VM_DELETE_FAILED', true, 2),
        ];
      case 'sweepRun':
        return [{ ...good(8), happen: () => this.#sweptRun(input.vmName, call) }, bad('VM_DELETE_FAILED', true)];
      case 'sweepLeaks':
        return [good(4, input.names), good(2, input.names.slice(1)), bad('BROKEN', true)];
      case 'sweepLeftovers':
        return [good(8, []), good(1, ['perry-ship-0a1b2c3d-old']), bad('BROKEN', true)];
      case 'probeAssignments':
        return [
          { ...good(6), happen: () => call.answer(input.assignmentIds.filter((id: string) => this.hub.knows(id))) },
          bad('HUB_UNAVAILABLE', true),
        ];
      case 'admitJob':
        return [good(8, { ...admitted, embedsProfile: input.runId.length % 2 === 0 }), bad('MANIFEST_INVALID', false)];
      case 'downloadBundle':
        return [
          this.hub.knows(input.assignmentId) ? good(8) : bad('HUB_JOB_NOT_OURS', false, 8),
          bad('HUB_UNAVAILABLE', true, 2),
          bad('BROKEN', false),
        ];
      case 'deliverArtifact':
        return [
          { ...good(8), name: `${name} reaches the hub`, happen: () => this.#deliver(call) },
          bad('HUB_UNAVAILABLE', true, 2),
        ];
      case 'packageArtifact':
        return [good(8, artifact), bad('BROKEN', false)];
      default:
        return [good(8), bad('BROKEN', false)];
    }
  }

  #deleted(name: string, call: Call): void {
    this.#machines.delete(name);
    call.answer();
  }

  /** Whatever the broken run's machine was doing, the driver has ended it. */
  #sweptRun(name: string, call: Call): void {
    this.#machines.delete(name);
    this.#swept.add(name);
    for (const orphan of this.stage.open().filter(({ input }) => input?.name === name))
      if (orphan.port === 'runVm') orphan.say({ type: 'vm.exited', reason: 'swept' });
    call.answer();
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
    const lose = { name: 'the link breaks', weight: 1, happen: () => this.#breakLink(socket) };
    if (this.#isIn('connecting')) return [submit, say('lets us in', 8, { type: 'socket.opened' }), lose];
    const [queued] = this.hub.queued;
    const assigning = queued && [
      receive(`assigns ${queued.jobId}`, 8, () => ({
        ...{ type: 'jobAssigned', jobId: queued.jobId, assignmentId: this.hub.assign(queued) },
      })),
    ];
    const [running] = this.hub.running;
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
      ...[assigning, assigningAgain, cancelling, reading, confirming].flatMap((some) => some || []),
    ];
  }

  #readOne(): void {
    const frame = this.#wire.shift() as Frame;
    this.hub.hear(frame.report, this.#isExcused);
    this.#read.push(frame.seq);
  }

  #confirmOne(socket: Call): void {
    socket.say({ type: 'socket.confirmed', seq: this.#read.shift() as number });
  }

  #breakLink(socket: Call): void {
    this.hub.lose();
    this.#loseWire();
    socket.say({ type: 'socket.lost', reason: 'reset' });
  }

  #ofTime(): Happening[] {
    const { clock } = this.stage;
    const passing = clock.pending > 0 && [
      { name: 'time passes until the next timer', weight: 6, happen: () => void this.#passTime() },
    ];
    const [run] = this.runs.filter(({ phase }) => phase === 'working');
    const breaking = this.#options.breaksRuns &&
      run && [
        {
          name: `the statechart of ${run.runId} breaks`,
          weight: 1,
          // no machine says this; it stands for any defect that throws in an action
          happen: () => run.ref.send({ type: 'xstate.done.actor.vm' } as never),
        },
      ];
    return [passing, breaking].flatMap((some) => some || []);
  }

  /** The hub notices a link that we gave up. */
  #passTime(): void {
    const [before] = this.stage.open('hubSocket');
    this.stage.clock.advanceToNext();
    if (before && !before.isOpen) {
      this.hub.lose();
      this.#loseWire();
    }
  }

  #isIn(state: string): boolean {
    const hub = this.root.getSnapshot().children.hub;
    return JSON.stringify(hub?.getSnapshot().value ?? '').includes(`"${state}"`);
  }

  drain(type: 'drain.requested' | 'shutdown.requested'): void {
    this.do({
      name: type,
      weight: 1,
      happen: () => {
        this.#runsAtDrain ??= this.stage.calls.filter(({ port }) => port === 'admitJob').length;
        this.root.send({ type });
      },
    });
  }

  /** From now on everything goes well: until nothing is left to do. */
  calm(): void {
    for (let n = 0; n < 2_000; n += 1) {
      const next = this.#happenings().find(({ name }) => CALM.test(name));
      if (next) this.do(next);
      else if (!this.isOver && this.#isBusy()) this.do(this.#ofTime()[0] as Happening);
      else return;
    }
    this.violations.push('the world does not come to rest');
  }

  #isBusy(): boolean {
    const { runs, leaked } = this.root.getSnapshot().context;
    return runs.length > 0 || leaked.length > 0 || this.hub.running.length > 0 || !this.#isIn('online');
  }

  /** After the calm: nobody waits, nothing is left. */
  expectNothingLeft(): void {
    const calls = this.stage.open().filter(({ port }) => port !== 'hubSocket' || this.isOver);
    if (calls.length > 0) this.violations.push(`still open: ${calls.map(({ port }) => port).join(', ')}`);
    if (this.#machines.size > 0) this.violations.push(`machines left: ${[...this.#machines].join(', ')}`);
    if (!this.isOver) for (const { jobId } of this.hub.running) this.violations.push(`${jobId} hangs for ever`);
    const timers = Object.keys(this.root.system.getSnapshot()._scheduledEvents);
    if (this.isOver && timers.length > 0) this.violations.push(`timers left: ${timers.join(', ')}`);
  }
}

/** What may happen when nothing shall go wrong any more. */
const CALM = /ends well|reaches the hub|lets us in|reads a conclusion|receipt|assigns \S+$|vm\.started|NOT_OURS|exited/;

import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Guest, GuestOptions } from './guest.ts';
import type { Knobs } from './knobs.ts';
import { TART_VMS, type Vm, type WorkerSpec } from './resources.ts';

const SSH_PORT = 22;

/** A machine as its worker has it. */
interface LocalVm {
  readonly dir: string;
  ticks: number;
  guest?: Guest;
  /** It has told the controller how it ended. */
  isOver?: true;
}

export interface WorkerHost {
  readonly folder: string;
  readonly toolDirs: readonly string[];
  readonly images: readonly string[];
  readonly knobs: Knobs;
  readonly startGuest: (options: GuestOptions) => Promise<Guest>;
}

/** One Mac that runs `orchard worker run`: it acts in its sync alone, which on a real one is every five seconds. */
export class Worker {
  readonly spec: Required<WorkerSpec>;
  lastSeenMs = Date.now();
  missedTicks = 0;
  isPaused = false;
  /** Its process runs; machines of one that was killed live on. */
  isAlive = true;
  /** Heartbeats come, and its syncs fail: machines stay pending for ever. */
  isStuck = false;
  private readonly host: WorkerHost;
  private readonly machines = new Map<string, LocalVm>();

  constructor(spec: WorkerSpec, host: WorkerHost) {
    this.host = host;
    this.spec = { arch: 'arm64', runtime: 'tart', resources: { [TART_VMS]: 2 }, labels: {}, ...spec };
  }

  guestOf(uid: string): Guest | undefined {
    const guest = this.machines.get(uid)?.guest;
    return guest?.hasEnded() ? undefined : guest;
  }

  /** SSH answers only some time after `running`. */
  isReachable(uid: string): boolean {
    const { cloneTicks, bootTicks } = this.host.knobs;
    const machine = this.machines.get(uid);
    return this.isAlive && machine !== undefined && machine.ticks >= cloneTicks + bootTicks;
  }

  /** A connection to a port of a machine, if it can be had now. */
  dial(uid: string, port: number): Promise<Duplex | undefined> {
    const guest = this.guestOf(uid);
    if (port !== SSH_PORT || !this.isReachable(uid) || !guest) return Promise.resolve(undefined);
    const to = this.host.knobs.divertTo ?? guest.port;
    const socket = connect({ host: '127.0.0.1', port: to, noDelay: true });
    return new Promise((resolve) => {
      socket.once('connect', () => resolve(socket));
      socket.once('error', () => resolve(undefined));
    });
  }

  /** Removes what is not wanted any more before it makes anything new. */
  async sync(wanted: readonly Vm[]): Promise<void> {
    if (!this.isAlive) {
      this.missedTicks += 1;
      return;
    }
    this.missedTicks = 0;
    this.lastSeenMs = Date.now();
    if (this.isStuck) return;
    const uids = new Set(wanted.map(({ uid }) => uid));
    await this.destroy((uid) => !uids.has(uid));
    await Promise.all(wanted.map((vm) => this.advance(vm)));
  }

  async destroy(isUnwanted: (uid: string) => boolean): Promise<void> {
    const unwanted = [...this.machines].filter(([uid]) => isUnwanted(uid));
    await Promise.all(
      unwanted.map(async ([uid, { guest }]) => {
        await guest?.destroy();
        this.machines.delete(uid);
      }),
    );
  }

  /** Its process ends and comes back: it has forgotten its machines, and removes what it finds of them. */
  async restart(): Promise<void> {
    await this.destroy(() => true);
    this.isAlive = true;
  }

  private async advance(vm: Vm): Promise<void> {
    const isForgotten = vm.status === 'running' && !this.machines.has(vm.uid);
    const machine = this.machines.get(vm.uid) ?? { dir: join(this.host.folder, vm.localName), ticks: 0 };
    this.machines.set(vm.uid, machine);
    machine.ticks += 1;
    if (vm.status === 'failed' || machine.isOver) return;
    if (isForgotten) return this.fail(vm, machine, 'Worker lost track of VM');
    const failsWith = vm.status === 'running' ? this.host.knobs.failsAfterwards?.(this.spec.name) : undefined;
    if (failsWith !== undefined) this.fail(vm, machine, failsWith);
    else if (machine.guest?.hasEnded()) this.fail(vm, machine, 'VM failed: VM exited unexpectedly');
    else if (vm.status === 'running') vm.conditions = conditionsOf('true');
    else await this.make(vm, machine);
  }

  private async make(vm: Vm, machine: LocalVm): Promise<void> {
    const { knobs, images, toolDirs } = this.host;
    // a worker tells of what it has begun in its next sync
    if (machine.ticks > 1) vm.status_message = 'cloning VM...';
    if (machine.ticks < knobs.cloneTicks) return;
    const failsWith = knobs.failsWith?.(this.spec.name);
    if (failsWith !== undefined) return this.fail(vm, machine, failsWith);
    if (!images.includes(vm.image))
      return this.fail(
        vm,
        machine,
        `failed to clone the VM: tart command failed: "the specified VM \\"${vm.image}\\" does not exist"`,
      );
    machine.guest = await this.host.startGuest({ dir: machine.dir, toolDirs });
    Object.assign(vm, { status: 'running', status_message: 'VM started', image_fqn: vm.image });
    vm.started_at = new Date().toISOString();
    vm.version += 1;
  }

  private fail(vm: Vm, machine: LocalVm, message: string): void {
    machine.isOver = true;
    Object.assign(vm, { status: 'failed', status_message: message });
    vm.conditions = conditionsOf('false');
    vm.version += 1;
  }
}

const conditionsOf = (running: string) => [
  { type: 'scheduled', state: 'true' },
  { type: 'running', state: running },
];

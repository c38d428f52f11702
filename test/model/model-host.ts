import type { Call, Stage } from '../machines/stage.ts';

/** The machines of a host: what the driver knows of them, whatever the statecharts believe. */
export class ModelHost {
  /** From the start of their cloning until they are deleted, or known as leaked. */
  readonly machines = new Set<string>();
  readonly #stage: Stage;
  /** Destroyed from outside: nothing about them can go well any more. */
  readonly #swept = new Set<string>();
  readonly #booted = new Set<Call>();
  #lastName = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  isSwept(name: string | undefined): boolean {
    return name !== undefined && this.#swept.has(name);
  }

  newName(): string {
    this.#lastName += 1;
    return `perry-ship-0a1b2c3d-standby${this.#lastName}`;
  }

  /** Whether the process of a machine has said that it runs; it does so once. */
  isBooted(process: Call): boolean {
    return this.#booted.has(process);
  }

  boot(process: Call): void {
    this.#booted.add(process);
    process.say({ type: 'vm.started' });
  }

  count(leaked: readonly string[]): void {
    for (const { input } of this.#stage.open('cloneVm'))
      if (!this.isSwept(input.name)) this.machines.add(input.name);
    for (const name of leaked) this.machines.delete(name);
  }

  delete(name: string): void {
    this.machines.delete(name);
  }

  /** The driver ends whatever this machine is doing, and removes it. */
  sweep(name: string): void {
    this.machines.delete(name);
    this.#swept.add(name);
    for (const orphan of this.#stage.open('runVm').filter(({ input }) => input.name === name))
      orphan.say({ type: 'vm.exited', reason: 'swept' });
  }
}

import type { VmExit } from '../adapters/vm/driver.ts';

/** A machine whose process lives, whichever actor owns it at the moment. */
export interface RunningMachine {
  readonly running: Promise<VmExit>;
  readonly powerOff: AbortController;
  /** Handed over and not taken up yet: the end of its former owner must not end it. */
  isDetached: boolean;
}

/** By name. The process of a standby machine outlives the actor that booted it. */
export type RunningMachines = Map<string, RunningMachine>;

export const isDetached = (machines: RunningMachines, name: string): boolean =>
  machines.get(name)?.isDetached === true;

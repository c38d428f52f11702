import { port } from '../contracts/actors.ts';
import { daemonWatchMachine } from '../daemon-watch/machine.ts';

/**
 * The daemon as it is found. `managed`: the service manager runs it; `byHand`: somebody else does; `ended`: an upgrade that
 * was killed has drained it; `none`: there is none.
 */
export type FoundDaemon = 'managed' | 'byHand' | 'ended' | 'none';

export interface Survey {
  readonly daemon: FoundDaemon;
  readonly wasOnline: boolean;
  /** How long the daemon may take to finish its jobs. */
  readonly drainTimeoutMs: number;
  /** An upgrade that was killed has put a version in place, and nobody knows yet whether it works. */
  readonly unproven: { readonly from: string; readonly to: string } | null;
}

export interface Versions {
  readonly from: string;
  readonly to: string;
}

/** The effects of one upgrade; folders, processes and sockets stay behind the ports. */
export const upgradePorts = {
  /** Whether it is possible at all; puts in order what an upgrade that was killed has left. */
  surveyHost: port<Survey, void>('surveyHost'),
  /** Which version is to be installed; `isCurrent`: it is here already, or an older one. */
  askRegistry: port<{ version: string; isCurrent: boolean }, void>('askRegistry'),
  installBeside: port<void, Versions>('installBeside'),
  tryNew: port<void, Versions>('tryNew'),
  /** Takes no jobs until this is left; it is done when the daemon has ended. */
  haveYield: port<void, void>('haveYield'),
  requestDrain: port<void, void>('requestDrain'),
  daemonWatch: daemonWatchMachine,
  backUpState: port<void, void>('backUpState'),
  /** Both renames, or none when it fails. */
  swapPrograms: port<void, Versions>('swapPrograms'),
  startService: port<void, void>('startService'),
  stopService: port<void, void>('stopService'),
  /** The old program, and the state as it was if the new one has changed its form; what was not done is not undone. */
  swapBack: port<void, Pick<Versions, 'from'>>('swapBack'),
  /** All but the program of before, which stays until the next upgrade. */
  clearAway: port<void, void>('clearAway'),
};

import { createActor, fromPromise } from 'xstate';
import { type DaemonLook, daemonWatchMachine } from '../../machines/daemon-watch/machine.ts';
import {
  type Survey,
  type UpgradeNote,
  type UpgradeOutput,
  upgradeMachine,
  type Versions,
} from '../../machines/upgrade/machine.ts';
import { untilEnds } from './until-ends.ts';

/** What an upgrade does, each with the signal that ends it. */
export interface UpgradeEffects {
  surveyHost(signal: AbortSignal): Promise<Survey>;
  askRegistry(signal: AbortSignal): Promise<{ version: string; isCurrent: boolean }>;
  installBeside(versions: Versions, signal: AbortSignal): Promise<void>;
  tryNew(versions: Versions, signal: AbortSignal): Promise<void>;
  haveYield(signal: AbortSignal): Promise<void>;
  requestDrain(signal: AbortSignal): Promise<void>;
  lookAtDaemon(signal: AbortSignal): Promise<DaemonLook>;
  backUpState(signal: AbortSignal): Promise<void>;
  swapPrograms(versions: Versions, signal: AbortSignal): Promise<void>;
  startService(signal: AbortSignal): Promise<void>;
  stopService(signal: AbortSignal): Promise<void>;
  swapBack(versions: Pick<Versions, 'from'>, signal: AbortSignal): Promise<void>;
  clearAway(signal: AbortSignal): Promise<void>;
}

export interface UpgradeRun {
  readonly effects: UpgradeEffects;
  readonly from: string;
  readonly mayChange: boolean;
  readonly onPhase: (note: UpgradeNote) => void;
  /** Aborting stops the upgrade; what was changed is undone before the promise settles. */
  readonly signal: AbortSignal;
}

/** One upgrade from its beginning to its end. */
export async function runUpgrade({
  effects,
  from,
  mayChange,
  onPhase,
  signal,
}: UpgradeRun): Promise<UpgradeOutput> {
  const actor = createActor(provideUpgrade(effects), { id: 'upgrade', input: { from, mayChange } });
  actor.on('began', onPhase);
  return untilEnds(actor, signal);
}

/** The upgrade with its ports filled in; a step that was left has ended before the next one begins. */
function provideUpgrade(effects: UpgradeEffects) {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const running = last.then(work);
    last = running.catch(() => {});
    return running;
  };
  const step = <T>(effect: (signal: AbortSignal) => Promise<T>) =>
    fromPromise<T, void>(({ signal }) => inTurn(() => effect(signal)));
  const change = (effect: (versions: Versions, signal: AbortSignal) => Promise<void>) =>
    fromPromise<void, Versions>(({ input, signal }) => inTurn(() => effect(input, signal)));
  return upgradeMachine.provide({
    actors: {
      surveyHost: step(effects.surveyHost),
      askRegistry: step(effects.askRegistry),
      installBeside: change(effects.installBeside),
      tryNew: change(effects.tryNew),
      // lasts while others are done
      haveYield: fromPromise<void, void>(({ signal }) => effects.haveYield(signal)),
      requestDrain: step(effects.requestDrain),
      daemonWatch: daemonWatchMachine.provide({ actors: { lookAtDaemon: step(effects.lookAtDaemon) } }),
      backUpState: step(effects.backUpState),
      swapPrograms: change(effects.swapPrograms),
      startService: step(effects.startService),
      stopService: step(effects.stopService),
      swapBack: fromPromise<void, Pick<Versions, 'from'>>(({ input, signal }) =>
        inTurn(() => effects.swapBack(input, signal)),
      ),
      clearAway: step(effects.clearAway),
    },
  });
}

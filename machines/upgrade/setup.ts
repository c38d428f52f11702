import { assign, emit, setup } from 'xstate';
import type { Failure } from '../contracts/failure.ts';
import type { DaemonWatchOutput } from '../daemon-watch/machine.ts';
import type {
  UpgradeContext,
  UpgradeEvent,
  UpgradeInput,
  UpgradeNote,
  UpgradeOutput,
  UpgradePhase,
} from './context.ts';
import { upgradeLimits } from './limits.ts';
import { type Survey, upgradePorts } from './ports.ts';

/** What the states of the upgrade are made of. */
export const upgradeSetup = setup({
  types: {
    input: {} as UpgradeInput,
    context: {} as UpgradeContext,
    events: {} as UpgradeEvent,
    emitted: {} as UpgradeNote,
    output: {} as UpgradeOutput,
  },
  actors: upgradePorts,
  actions: {
    tell: emit(({ context: { from, to } }, params: { phase: UpgradePhase }) => ({
      ...{ type: 'began' as const, phase: params.phase },
      ...{ from, to },
    })),
    fail: assign({
      failure: ({ context }, params: { failure: Failure }) => context.failure ?? params.failure,
    }),
    keepSurvey: assign((_, params: { survey: Survey }) => params.survey),
    takeUp: assign(({ context: { unproven } }) => ({ ...unproven, isSwapped: true })),
    keepVersion: assign({ to: (_, params: { version: string }) => params.version }),
    noteSwapped: assign({ isSwapped: true }),
  },
  guards: {
    isUnproven: ({ context }) => context.unproven !== null,
    isOnlyTold: ({ context }) => context.unproven !== null && !context.mayChange,
    isUnprovenAndStarts: ({ context }) => context.unproven !== null && starts(context),
    isEnded: ({ context }) => context.daemon === 'ended' && context.mayChange,
    isCurrentAndEnded: ({ context }, params: { isCurrent: boolean }) =>
      params.isCurrent && context.daemon === 'ended' && context.mayChange,
    isCurrent: (_, params: { isCurrent: boolean }) => params.isCurrent,
    mayChange: ({ context }) => context.mayChange,
    isRunning: ({ context: { daemon } }) => daemon === 'managed' || daemon === 'byHand',
    starts: ({ context }) => starts(context),
    isSwappedAndStarts: ({ context }) => context.isSwapped && starts(context),
    hasDied: (_, params: DaemonWatchOutput) => params.outcome === 'died',
  },
  delays: { ...upgradeLimits },
});

/** The service manager runs the daemon, and is to run it again. */
const starts = ({ daemon }: UpgradeContext): boolean => daemon === 'managed' || daemon === 'ended';

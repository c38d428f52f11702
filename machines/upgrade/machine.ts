import { backingUp, discarding, draining, proving, starting, swapping } from './changing.ts';
import type { UpgradeOutput } from './context.ts';
import { returning } from './returning.ts';
import { upgradeSetup } from './setup.ts';
import { began, givenUp, late, stoppable, versions } from './transitions.ts';

export type { UpgradeNote, UpgradeOutcome, UpgradeOutput, UpgradePhase } from './context.ts';
export type { FoundDaemon, Survey, Versions } from './ports.ts';

/**
 * One upgrade of the program, and of the daemon that runs it: installed beside, tried, swapped in while no daemon runs, and
 * proven.
 *
 * Promises: nothing is changed before the new program was tried; programs are swapped only while nobody works on the state
 * directory; a daemon that the service manager ran runs again in the end, with the new version or with that of before, or it
 * is said that it does not.
 */
export const upgradeMachine = upgradeSetup.createMachine({
  id: 'upgrade',
  description: 'One upgrade of the installed program, with its daemon: proven in the end, or undone.',
  context: ({ input }) => ({
    ...input,
    to: null,
    ...{ daemon: 'none', wasOnline: false, drainTimeoutMs: 0, unproven: null },
    isSwapped: false,
    failure: null,
  }),
  output: ({ context: { from, to, daemon, failure }, event }) => ({
    outcome: (event as unknown as { output: UpgradeOutput['outcome'] }).output,
    ...{ from, to, daemon, failure },
  }),
  initial: 'surveying',
  states: {
    surveying: {
      description:
        'What would go wrong for certain is found first; what a killed upgrade left is put in order.',
      entry: began('surveying'),
      invoke: {
        id: 'surveyHost',
        src: 'surveyHost',
        onDone: {
          target: 'choosing',
          actions: { type: 'keepSurvey', params: ({ event }) => ({ survey: event.output }) },
        },
        onError: givenUp,
      },
      on: stoppable,
      after: { surveyTimeout: late('Looking at this host') },
    },
    choosing: {
      description: 'Did an upgrade end before its new program was proven?',
      always: [
        { guard: 'isOnlyTold', target: 'planned', actions: 'takeUp' },
        { guard: 'isUnprovenAndStarts', target: 'starting', actions: 'takeUp' },
        { guard: 'isUnproven', target: 'tidying', actions: 'takeUp' },
        { target: 'asking' },
      ],
    },
    asking: {
      description: 'The registry says which version there is.',
      entry: began('asking'),
      invoke: {
        id: 'askRegistry',
        src: 'askRegistry',
        onDone: [
          {
            guard: { type: 'isCurrentAndEnded', params: ({ event }) => event.output },
            target: 'starting',
            actions: { type: 'keepVersion', params: ({ event }) => event.output },
          },
          {
            guard: { type: 'isCurrent', params: ({ event }) => event.output },
            target: 'current',
            actions: { type: 'keepVersion', params: ({ event }) => event.output },
          },
          {
            guard: 'mayChange',
            target: 'installing',
            actions: { type: 'keepVersion', params: ({ event }) => event.output },
          },
          { target: 'planned', actions: { type: 'keepVersion', params: ({ event }) => event.output } },
        ],
        onError: givenUp,
      },
      on: stoppable,
      after: { registryTimeout: late('Asking the registry') },
    },
    installing: {
      description: 'npm installs the new program into a folder beside the old one.',
      entry: began('installing'),
      invoke: {
        id: 'installBeside',
        src: 'installBeside',
        input: versions,
        onDone: 'trying',
        onError: givenUp,
      },
      on: stoppable,
      after: { installTimeout: late('Installing the new version') },
    },
    trying: {
      description: 'The new program says its version, and whether it can use the settings and the state.',
      entry: began('trying'),
      invoke: {
        id: 'tryNew',
        src: 'tryNew',
        input: versions,
        onDone: [{ guard: 'isRunning', target: 'draining' }, { target: 'backingUp' }],
        onError: givenUp,
      },
      on: stoppable,
      after: { tryTimeout: late('Trying the new version') },
    },
    draining,
    backingUp,
    swapping,
    starting,
    proving,
    tidying: {
      description:
        'What was installed beside is removed; the program of before stays until the next upgrade.',
      invoke: {
        id: 'clearAway',
        src: 'clearAway',
        onDone: 'upgraded',
        // the next upgrade does that
        onError: 'upgraded',
      },
      on: { 'cancel.requested': {} },
      after: { clearTimeout: 'upgraded' },
    },
    returning,
    discarding,
    upgraded: { description: 'The new version is in place.', type: 'final', output: 'upgraded' },
    planned: {
      description: 'Nothing was changed: it was only to be said.',
      type: 'final',
      output: 'planned',
    },
    current: { description: 'There is nothing to do.', type: 'final', output: 'current' },
    unchanged: {
      description: 'Nothing was changed; the failure says why.',
      type: 'final',
      output: 'unchanged',
    },
    returned: {
      description: 'The version of before is in place again; the failure says why.',
      type: 'final',
      output: 'returned',
    },
    stranded: {
      description: 'Neither version is known to work; the failure says what to do by hand.',
      type: 'final',
      output: 'stranded',
    },
  },
});

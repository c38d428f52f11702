import { drainTooLong, newDied, newSilent, upgradeCancelled } from './failures.ts';
import { upgradeSetup } from './setup.ts';
import {
  back,
  began,
  failedBy,
  fault,
  lateBack,
  RETURNING,
  stoppedBack,
  versions,
  watched,
} from './transitions.ts';

const DISCARDING = '#upgrade.discarding';

export const draining = upgradeSetup.createStateConfig({
  description: 'The daemon takes no more jobs, finishes those that run, and ends.',
  entry: began('draining'),
  initial: 'yielding',
  states: {
    yielding: {
      description:
        'As long as this lasts the daemon takes no jobs. Whatever ends it, also a kill, lets it take jobs again.',
      invoke: {
        id: 'haveYield',
        src: 'haveYield',
        // it was told to end by somebody else
        onDone: 'waiting',
        onError: { target: DISCARDING, actions: fault },
      },
      initial: 'finishing',
      states: {
        finishing: {
          description: 'No job is stopped for an upgrade: one that takes too long ends the upgrade.',
          invoke: {
            id: 'untilIdle',
            src: 'daemonWatch',
            input: { until: 'idle' },
            onDone: 'requesting',
            onError: { target: DISCARDING, actions: fault },
          },
          on: { 'cancel.requested': { target: DISCARDING, actions: failedBy(upgradeCancelled) } },
          after: { drainTimeout: { target: DISCARDING, actions: failedBy(drainTooLong) } },
        },
        requesting: {
          description: 'It is told to end on its control socket; a wish to stop waits for that.',
          invoke: {
            id: 'requestDrain',
            src: 'requestDrain',
            onDone: '#upgrade.draining.waiting',
            onError: back,
          },
          on: { 'cancel.requested': {} },
          after: { requestTimeout: lateBack('Asking the daemon to drain') },
        },
      },
    },
    waiting: {
      description: 'Until it has ended; the service manager leaves it so.',
      invoke: {
        id: 'untilDrained',
        src: 'daemonWatch',
        input: { until: 'gone' },
        onDone: '#upgrade.backingUp',
        onError: back,
      },
      on: stoppedBack,
      after: { endTimeout: lateBack('The end of the daemon') },
    },
  },
});

export const backingUp = upgradeSetup.createStateConfig({
  description: 'What of the state the new version might change is copied.',
  entry: began('swapping'),
  invoke: { id: 'backUpState', src: 'backUpState', onDone: 'swapping', onError: back },
  on: stoppedBack,
  after: { backUpTimeout: lateBack('Copying the state') },
});

export const swapping = upgradeSetup.createStateConfig({
  description: 'The old program steps aside, and the new one takes its place; a wish to stop waits for that.',
  invoke: {
    id: 'swapPrograms',
    src: 'swapPrograms',
    input: versions,
    onDone: [
      { guard: 'starts', target: 'starting', actions: 'noteSwapped' },
      { target: 'tidying', actions: 'noteSwapped' },
    ],
    onError: back,
  },
  on: { 'cancel.requested': {} },
  after: { swapTimeout: lateBack('Putting the new program in place') },
});

export const starting = upgradeSetup.createStateConfig({
  description: 'The service manager starts the daemon, which is the new one now.',
  entry: began('starting'),
  invoke: { id: 'startNew', src: 'startService', onDone: 'proving', onError: back },
  on: stoppedBack,
  after: { startTimeout: lateBack('Starting the new daemon') },
});

export const proving = upgradeSetup.createStateConfig({
  description: 'The new daemon must answer, serve, and reach the hub if the old one did.',
  invoke: {
    id: 'untilNewServes',
    src: 'daemonWatch',
    input: ({ context }) => ({
      until: 'serving',
      version: versions({ context }).to,
      needsLink: context.wasOnline,
    }),
    onDone: [
      { guard: { type: 'hasDied', params: watched }, target: RETURNING, actions: failedBy(newDied) },
      { target: 'tidying' },
    ],
    onError: back,
  },
  on: stoppedBack,
  after: { proveTimeout: { target: RETURNING, actions: failedBy(newSilent) } },
});

/** Nothing was changed but the folder beside. */
export const discarding = upgradeSetup.createStateConfig({
  description:
    'Nothing was changed: what was installed beside is removed. A daemon that a killed upgrade has drained is started.',
  always: { guard: 'isEnded', target: RETURNING },
  invoke: { id: 'discard', src: 'clearAway', onDone: 'unchanged', onError: 'unchanged' },
  on: { 'cancel.requested': {} },
  after: { clearTimeout: 'unchanged' },
});

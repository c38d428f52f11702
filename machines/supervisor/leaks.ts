import { supervisorSetup } from './setup.ts';

/** Region of `serving`. */
export const leaks = supervisorSetup.createStateConfig({
  description: 'Clones that could not be deleted.',
  initial: 'none',
  states: {
    none: {
      description: 'There are none.',
      always: { guard: 'hasLeaks', target: 'waiting' },
      on: { 'leaks.noticed': 'sweeping' },
    },
    waiting: {
      description: 'A pause, because what holds them may let go; longer with each attempt.',
      on: { 'leaks.noticed': 'sweeping' },
      after: { leakSweepPause: 'sweeping' },
    },
    sweeping: {
      description: 'Tries again to delete them.',
      entry: 'countLeakSweep',
      invoke: {
        id: 'sweepLeaks',
        src: 'sweepLeaks',
        input: ({ context }) => ({ names: context.leaked }),
        onDone: {
          target: 'none',
          actions: [
            { type: 'forgetLeaks', params: ({ event }) => ({ names: event.output }) },
            'tellSlots',
            'grantSlots',
          ],
        },
        onError: 'none',
      },
      after: { sweepTimeout: 'none' },
    },
  },
});

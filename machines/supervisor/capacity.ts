import { supervisorSetup } from './setup.ts';

/** Region of `serving`. */
export const capacity = supervisorSetup.createStateConfig({
  description: 'How many machines the hosts have room for.',
  initial: 'deciding',
  states: {
    deciding: {
      description: 'One host, or several that come and go?',
      always: [{ guard: 'roomChanges', target: 'followed' }, { target: 'fixed' }],
    },
    fixed: { description: 'There is room for as many as the settings say, or as was seen last.' },
    followed: {
      description: 'Hosts come and go, and others use them too.',
      invoke: {
        id: 'capacity',
        src: 'clusterCapacity',
        input: ({ context, self }) => ({ slots: context.room ?? 0, owner: self }),
        onError: 'fixed',
      },
      on: {
        'capacity.changed': {
          actions: [{ type: 'noteRoom', params: ({ event }) => event }, 'tellSlots', 'grantSlots'],
        },
        'capacity.stale': '.unknown',
        'capacity.restored': '.known',
      },
      initial: 'known',
      states: {
        known: { description: 'The room is what was told.' },
        unknown: { description: 'The cluster says nothing: what it told last counts on.' },
      },
    },
  },
});

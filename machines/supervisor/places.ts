import { supervisorSetup } from './setup.ts';

/** Region of `serving`. */
export const places = supervisorSetup.createStateConfig({
  description: 'Whether the host runs all the machines that it should.',
  initial: 'open',
  states: {
    open: {
      description: 'Every place is in service.',
      on: { 'place.refused': 'quarantined' },
    },
    quarantined: {
      description: 'The host refused a machine: a place less is used, but never none.',
      on: { 'place.refused': { target: 'quarantined', reenter: true } },
      after: { quarantineTime: { target: 'open', actions: ['restorePlaces', 'grantSlots'] } },
    },
  },
});

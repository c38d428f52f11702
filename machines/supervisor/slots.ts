import { supervisorSetup } from './setup.ts';

/** Region of `serving`. */
export const slots = supervisorSetup.createStateConfig({
  description: 'Whether the host runs all the machines that it should.',
  initial: 'open',
  states: {
    open: {
      description: 'Every slot is in service.',
      on: { 'slot.refused': 'quarantined' },
    },
    quarantined: {
      description: 'The host refused a machine: one slot less is used, but never none.',
      on: { 'slot.refused': { target: 'quarantined', reenter: true } },
      after: { quarantineTime: { target: 'open', actions: ['restoreSlots', 'grantSlots'] } },
    },
  },
});

import { raise } from 'xstate';
import { toFailure } from '../contracts/failure.ts';
import { signJobSetup } from './setup.ts';

/** Region of `engaged`. */
export const machine = signJobSetup.createStateConfig({
  description: 'The virtual machine of this run.',
  initial: 'none',
  states: {
    none: {
      description: 'No machine: not wanted yet, or gone.',
      on: { 'machine.wanted': 'owned', 'machine.unwanted': {} },
    },
    owned: {
      description: 'A vm-lifecycle works for this run; this state is left only when the machine is gone.',
      invoke: {
        id: 'vm',
        src: 'vmLifecycle',
        input: ({ context, self }) => ({ ...context.vm, owner: self }),
        onDone: {
          target: 'none',
          actions: [
            {
              type: 'noteLeak',
              params: ({ event }) => ({
                name: event.output.outcome === 'leaked' ? event.output.name : null,
              }),
            },
            'dropStandby',
          ],
        },
        onError: {
          target: 'none',
          actions: [
            { type: 'noteLeak', params: ({ context }) => ({ name: context.vm.name }) },
            raise(({ context, event }) => ({
              type: 'vm.lost',
              name: context.vm.name,
              failure: toFailure(event.error),
            })),
          ],
        },
      },
      on: { 'machine.unwanted': '.releasing', 'vm.lost': '.lost', 'machine.wanted': {} },
      initial: 'acquiring',
      states: {
        acquiring: {
          description: 'Cloned, booted, located, connected: on its way.',
          on: { 'vm.ready': 'ready' },
        },
        ready: { description: 'The guest takes commands.' },
        lost: {
          description: 'It broke, or its connection did: it takes no more commands, and is being deleted.',
          on: { 'vm.lost': {} },
        },
        releasing: {
          description: 'Stopped and deleted; the deadlines are those of the vm-lifecycle.',
          entry: 'releaseMachine',
          on: { 'machine.unwanted': {}, 'vm.ready': {}, 'vm.lost': {} },
        },
      },
    },
  },
});

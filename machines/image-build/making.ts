import { toFailure } from '../contracts/failure.ts';
import { provisioning } from './provisioning.ts';
import { imageBuildSetup } from './setup.ts';
import { began, outputOf } from './transitions.ts';

export const making = imageBuildSetup.createStateConfig({
  description: 'A machine is cloned from the base image, provisioned, and shut down.',
  invoke: {
    id: 'machine',
    src: 'buildVm',
    input: ({ context, self }) => ({ ...context.vm, owner: self }),
    onDone: [
      { guard: { type: 'wasKept', params: outputOf }, target: 'kept' },
      {
        target: 'concluding',
        actions: [
          { type: 'noteEnd', params: outputOf },
          { type: 'noteOddEnd', params: outputOf },
        ],
      },
    ],
    onError: {
      target: 'concluding',
      actions: [{ type: 'fail', params: ({ event }) => ({ failure: toFailure(event.error) }) }, 'noteLeak'],
    },
  },
  on: {
    'cancel.requested': { target: '.releasing', actions: 'cancel' },
    'vm.lost': { target: '.releasing', actions: { type: 'fail', params: ({ event }) => event } },
  },
  initial: 'booting',
  states: {
    booting: {
      description: 'Until the guest lets us in.',
      entry: began('booting'),
      on: { 'vm.ready': 'provisioning' },
    },
    provisioning,
    shuttingDown: {
      description: 'The guest writes its disk and powers off; the machine stays.',
      entry: [began('shuttingDown'), 'keepMachine'],
    },
    releasing: {
      description: 'The machine is of no use: it is powered off and deleted.',
      entry: [began('discarding'), 'releaseMachine'],
      on: { 'cancel.requested': { actions: 'cancel' }, 'vm.lost': {} },
    },
  },
});

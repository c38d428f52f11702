import { toFailure } from '../contracts/failure.ts';
import { imageBuildSetup } from './setup.ts';
import { began, fault, guestOfTrial, late, outputOf } from './transitions.ts';

export const checking = imageBuildSetup.createStateConfig({
  description:
    'A clone of what was made is booted and used as a daemon would: with the new host key and the new login.',
  entry: began('checking'),
  invoke: {
    id: 'trial',
    src: 'trialVm',
    input: ({ context, self }) => ({ name: context.trialName, image: context.vm.name, owner: self }),
    onDone: { target: 'judging', actions: { type: 'noteEnd', params: outputOf } },
    onError: {
      target: 'discarding',
      actions: { type: 'fail', params: ({ event }) => ({ failure: toFailure(event.error) }) },
    },
  },
  on: {
    'cancel.requested': { target: '.releasing', actions: 'cancel' },
    'vm.lost': { target: '.releasing', actions: { type: 'fail', params: ({ event }) => event } },
  },
  initial: 'booting',
  states: {
    booting: {
      description: 'Until the clone lets us in.',
      on: { 'vm.ready': 'examining' },
    },
    examining: {
      description: 'Whether everything that was set holds after a new start.',
      invoke: {
        id: 'examineTrial',
        src: 'examineTrial',
        input: guestOfTrial,
        onDone: { target: 'releasing', actions: 'noteTrial' },
        onError: { target: 'releasing', actions: fault },
      },
      after: { examineTimeout: { target: 'releasing', actions: late('trying out the image') } },
    },
    releasing: {
      description: 'The clone has served its purpose: it is powered off and deleted.',
      entry: 'releaseTrial',
      on: { 'cancel.requested': { actions: 'cancel' }, 'vm.lost': {} },
    },
  },
});

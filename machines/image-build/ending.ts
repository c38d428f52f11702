import { imageBuildSetup } from './setup.ts';
import { began, fault, late } from './transitions.ts';

export const naming = imageBuildSetup.createStateConfig({
  description: 'The machine gets the name of the image, in one step; a wish to stop waits for that.',
  entry: began('naming'),
  invoke: {
    id: 'nameImage',
    src: 'nameImage',
    input: ({ context }) => ({
      vmName: context.vm.name,
      name: context.name,
      hostKeyFingerprint: context.hostKeyFingerprint ?? '',
      osVersion: context.osVersion ?? '',
    }),
    onDone: [
      { guard: 'isCancelled', target: 'discarding', actions: 'keepName' },
      { target: 'built', actions: 'keepName' },
    ],
    onError: { target: 'discarding', actions: fault },
  },
  on: { 'cancel.requested': { actions: 'cancel' } },
  after: { nameTimeout: { target: 'discarding', actions: late('naming the image') } },
});

export const discarding = imageBuildSetup.createStateConfig({
  description: 'The machine does not become an image: it is deleted.',
  entry: began('discarding'),
  invoke: {
    id: 'discardVm',
    src: 'discardVm',
    input: ({ context }) => ({ vmName: context.currentName }),
    onDone: 'concluding',
    onError: { target: 'concluding', actions: 'noteLeak' },
  },
  on: { 'cancel.requested': {} },
  after: { discardTimeout: { target: 'concluding', actions: 'noteLeak' } },
});

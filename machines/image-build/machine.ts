import { checking } from './checking.ts';
import type { ImageBuildOutput } from './context.ts';
import { discarding, naming } from './ending.ts';
import { endedOddly } from './failures.ts';
import { making } from './making.ts';
import { imageBuildSetup } from './setup.ts';
import { began, failedBy, fault, late } from './transitions.ts';

export type { ImageBuildInput, ImageBuildNote, ImageBuildOutput, ImageBuildPhase } from './context.ts';

/**
 * The build of one golden image for Tart: a machine is cloned from a base image, provisioned over SSH, shut down, tried
 * out, and only then given the name of the image.
 *
 * Promises: no machine has the name of the image before it was tried out; whatever fails, and whenever it is cancelled,
 * every machine that was made is deleted, or named as leaked; each step of ours has a deadline, and no step is left
 * before its machine is gone.
 */
export const imageBuildMachine = imageBuildSetup.createMachine({
  id: 'imageBuild',
  description: 'One golden image for Tart, from a base image to a machine that was tried out.',
  context: ({ input }) => ({
    ...input,
    failure: null,
    isCancelled: false,
    currentName: input.vm.name,
    hostKeyFingerprint: null,
    osVersion: null,
    wasTried: false,
    leaked: [],
  }),
  output: ({ context, event }) => ({
    outcome: (event as unknown as { output: ImageBuildOutput['outcome'] }).output,
    failure: context.failure,
    hostKeyFingerprint: context.hostKeyFingerprint,
    osVersion: context.osVersion,
    leaked: context.leaked,
  }),
  initial: 'surveying',
  states: {
    surveying: {
      description:
        'Everything that would go wrong for certain is found before anything is made; what goes in is fetched.',
      entry: began('surveying'),
      invoke: {
        id: 'surveyHost',
        src: 'surveyHost',
        onDone: [
          { guard: { type: 'needsPull', params: ({ event }) => event.output }, target: 'pulling' },
          { target: 'making' },
        ],
        onError: { target: 'concluding', actions: fault },
      },
      on: { 'cancel.requested': { target: 'concluding', actions: 'cancel' } },
      after: { surveyTimeout: { target: 'concluding', actions: late('looking at this host') } },
    },
    pulling: {
      description: 'The base image comes from its registry; what has come stays for the next attempt.',
      entry: began('pulling'),
      invoke: {
        id: 'pullBase',
        src: 'pullBase',
        input: ({ self }) => ({ owner: self }),
        onDone: 'making',
        onError: { target: 'concluding', actions: fault },
      },
      on: { 'cancel.requested': { target: 'concluding', actions: 'cancel' } },
      after: { pullTimeout: { target: 'concluding', actions: late('fetching the base image') } },
      initial: 'hearing',
      states: {
        hearing: {
          description: 'The registry delivers.',
          on: { 'base.moved': { target: 'hearing', reenter: true } },
          after: {
            pullSilence: {
              target: '#imageBuild.concluding',
              actions: late('fetching the base image, of which nothing has come for a while,'),
            },
          },
        },
      },
    },
    making,
    kept: {
      description: 'The machine is shut down. Is it still wanted?',
      always: [
        { guard: 'isUnwanted', target: 'discarding' },
        { guard: 'isProvisioned', target: 'checking' },
        { target: 'discarding', actions: failedBy(endedOddly('shut down too early')) },
      ],
    },
    checking,
    judging: {
      description: 'The clone is gone. Did it hold what the image promises?',
      always: [
        { guard: 'isUnwanted', target: 'discarding' },
        { guard: 'wasTried', target: 'naming' },
        { target: 'discarding', actions: failedBy(endedOddly('deleted too early')) },
      ],
    },
    naming,
    discarding,
    concluding: {
      description: 'Nothing goes on: was that wanted?',
      always: [{ guard: 'isCancelled', target: 'cancelled' }, { target: 'failed' }],
    },
    built: { description: 'The image is whole and has its name.', type: 'final', output: 'built' },
    failed: { description: 'There is no image; the failure says why.', type: 'final', output: 'failed' },
    cancelled: { description: 'There is no image, as was wished.', type: 'final', output: 'cancelled' },
  },
});

import { pausing } from '../contracts/attempts.ts';
import { testflightSetup } from './setup.ts';
import { againOrFail, buildOf, lateOrFail } from './transitions.ts';

export const processed = testflightSetup.createStateConfig({
  description: 'Apple has processed the build; what is still asked for?',
  always: [
    { guard: 'hasNotes', target: 'writingNotes' },
    { guard: 'hasGroups', target: 'joiningGroups' },
    { target: 'ready' },
  ],
});

export const writingNotes = testflightSetup.createStateConfig({
  description: 'Testers are told what to test, before any of them gets the build.',
  entry: 'resetAttempts',
  initial: 'attempting',
  states: {
    attempting: {
      description: 'All languages that are not as they should be yet.',
      entry: 'countAttempt',
      invoke: {
        id: 'writeNotes',
        src: 'writeNotes',
        input: buildOf,
        onDone: [
          { guard: 'hasGroups', target: '#testflight.joiningGroups' },
          { target: '#testflight.ready' },
        ],
        onError: againOrFail,
      },
      after: { requestTimeout: lateOrFail('the notes for testers') },
    },
    pausing,
  },
});

export const joiningGroups = testflightSetup.createStateConfig({
  description: 'The groups that were named get the build.',
  entry: 'resetAttempts',
  initial: 'attempting',
  states: {
    attempting: {
      description: 'All groups at once.',
      entry: 'countAttempt',
      invoke: {
        id: 'joinGroups',
        src: 'joinGroups',
        input: buildOf,
        onDone: [
          {
            guard: { type: 'needsReview', params: ({ event }) => event.output },
            target: '#testflight.requestingReview',
            actions: { type: 'keepRemarks', params: ({ event }) => event.output },
          },
          {
            target: '#testflight.ready',
            actions: { type: 'keepRemarks', params: ({ event }) => event.output },
          },
        ],
        onError: againOrFail,
      },
      after: { requestTimeout: lateOrFail('the groups of testers') },
    },
    pausing,
  },
});

export const requestingReview = testflightSetup.createStateConfig({
  description: 'Testers outside of the team get the build when Apple has reviewed it.',
  entry: 'resetAttempts',
  initial: 'attempting',
  states: {
    attempting: {
      description: 'Asks whether it was asked for already, and asks for it.',
      entry: 'countAttempt',
      invoke: {
        id: 'requestReview',
        src: 'requestReview',
        input: buildOf,
        onDone: {
          target: '#testflight.ready',
          actions: { type: 'keepRemarks', params: ({ event }) => event.output },
        },
        onError: againOrFail,
      },
      after: { requestTimeout: lateOrFail('the request for the beta review') },
    },
    pausing,
  },
});

import { assign } from 'xstate';
import { errorOf, failWith, pausing } from '../contracts/attempts.ts';
import { storeTimedOut } from './failures.ts';
import { storeUploadSetup } from './setup.ts';
import { againOrFail, lateOrFail, runOf, uploadOf } from './transitions.ts';

export const findingApp = storeUploadSetup.createStateConfig({
  description: 'The app record is looked up by its bundle identifier.',
  entry: 'resetAttempts',
  initial: 'attempting',
  states: {
    attempting: {
      description: 'One question.',
      entry: 'countAttempt',
      invoke: {
        id: 'findApp',
        src: 'findApp',
        input: runOf,
        onDone: [
          {
            guard: 'namesGroups',
            target: '#storeUpload.checkingGroups',
            actions: assign({ appId: ({ event }) => event.output }),
          },
          {
            target: '#storeUpload.reserving',
            actions: assign({ appId: ({ event }) => event.output }),
          },
        ],
        onError: againOrFail,
      },
      after: { requestTimeout: lateOrFail('finding the app') },
    },
    pausing,
  },
});

export const checkingGroups = storeUploadSetup.createStateConfig({
  description: 'The groups that testers are in are looked up: a wrong name is not to cost a build number.',
  entry: 'resetAttempts',
  initial: 'attempting',
  states: {
    attempting: {
      description: 'One question.',
      entry: 'countAttempt',
      invoke: {
        id: 'checkGroups',
        src: 'checkGroups',
        input: runOf,
        onDone: '#storeUpload.reserving',
        onError: againOrFail,
      },
      after: { requestTimeout: lateOrFail('looking up the groups of testers') },
    },
    pausing,
  },
});

export const reserving = storeUploadSetup.createStateConfig({
  description: 'An upload for this version and build number is reserved.',
  entry: 'resetAttempts',
  initial: 'attempting',
  states: {
    attempting: {
      description: 'One reservation.',
      entry: 'countAttempt',
      invoke: {
        id: 'reserveUpload',
        src: 'reserveUpload',
        input: ({ context }) => ({ ...runOf({ context }), appId: context.appId ?? '' }),
        onDone: {
          target: '#storeUpload.recording',
          actions: ['dropObjection', assign({ uploadId: ({ event }) => event.output })],
        },
        onError: [
          {
            guard: { type: 'mayBeOwn', params: errorOf },
            target: '#storeUpload.comparing',
            actions: { type: 'keepFailure', params: errorOf },
          },
          {
            guard: { type: 'isOwnReservation', params: errorOf },
            target: 'pausing',
            actions: [{ type: 'keepFailure', params: errorOf }, 'clearWait'],
          },
          ...againOrFail,
        ],
      },
      after: { requestTimeout: lateOrFail('reserving the upload') },
    },
    pausing,
  },
});

export const recording = storeUploadSetup.createStateConfig({
  description: 'The reservation goes into the journal before anything is sent.',
  invoke: {
    id: 'recordUpload',
    src: 'recordUpload',
    input: uploadOf,
    onDone: 'reservingFile',
    onError: { target: 'failed', actions: { type: 'keepFailure', params: errorOf } },
  },
  after: {
    requestTimeout: { target: 'failed', actions: failWith(storeTimedOut('writing the journal')) },
  },
});

export const reservingFile = storeUploadSetup.createStateConfig({
  description: 'Apple says where each part of the file goes.',
  entry: 'resetAttempts',
  initial: 'attempting',
  states: {
    attempting: {
      description: 'One reservation.',
      entry: 'countAttempt',
      invoke: {
        id: 'reserveFile',
        src: 'reserveFile',
        input: uploadOf,
        onDone: {
          target: '#storeUpload.sendingParts',
          actions: { type: 'keepFile', params: ({ event }) => event.output },
        },
        onError: againOrFail,
      },
      after: { requestTimeout: lateOrFail('reserving the file') },
    },
    pausing,
  },
});

import type { AfterUpload } from '../contracts/job.ts';
import { taken } from './context.ts';
import { loneFileSetup } from './setup.ts';
import { begin, CLOSING, failed, failureIn, fileOf, late } from './transitions.ts';

export const publishing = loneFileSetup.createStateConfig({
  description: 'The build goes to App Store Connect, unless it is there.',
  entry: begin('publishing', 'Uploading to App Store Connect'),
  invoke: {
    id: 'storeUpload',
    src: 'storeUpload',
    input: ({ context }) => {
      const { uploadId, afterUpload } = taken(context);
      return { ...fileOf({ context }), uploadId, namesGroups: afterUpload?.hasGroups === true };
    },
    onDone: [
      {
        guard: { type: 'isPublished', params: ({ event }) => event },
        target: 'published',
        actions: [
          { type: 'keepUpload', params: ({ event }) => event },
          { type: 'tellRemarks', params: ({ event }) => event.output },
          { type: 'tellPublished', params: ({ event }) => event.output },
        ],
      },
      {
        target: CLOSING,
        actions: [
          { type: 'tellRemarks', params: ({ event }) => event.output },
          { type: 'keepFailure', params: failureIn },
        ],
      },
    ],
    onError: failed,
  },
  after: { publishingTimeout: late('the upload to App Store Connect') },
});

export const published = loneFileSetup.createStateConfig({
  description: 'Apple has the build; is anything to follow?',
  always: [{ guard: 'isFollowed', target: 'distributing' }, { target: CLOSING }],
});

export const distributing = loneFileSetup.createStateConfig({
  description: 'Testers are given what was asked for.',
  entry: begin('publishing', 'Waiting for App Store Connect to process the build'),
  invoke: {
    id: 'testflight',
    src: 'testflight',
    input: ({ context }) => ({
      ...fileOf({ context }),
      wishes: taken(context).afterUpload ?? NOTHING,
    }),
    onDone: [
      {
        guard: { type: 'isReady', params: ({ event }) => event },
        target: CLOSING,
        actions: [
          { type: 'keepBuild', params: ({ event }) => event },
          { type: 'tellRemarks', params: ({ event }) => event.output },
        ],
      },
      {
        target: CLOSING,
        actions: [
          { type: 'keepBuild', params: ({ event }) => event },
          { type: 'tellRemarks', params: ({ event }) => event.output },
          { type: 'keepFailure', params: failureIn },
        ],
      },
    ],
    onError: failed,
  },
  after: { distributionTimeout: late('what follows the upload to App Store Connect') },
});

const NOTHING: AfterUpload = { hasNotes: false, hasGroups: false };

import { assign } from 'xstate';
import type { AfterUpload } from '../contracts/job.ts';
import { artifactOf, publishedPass } from './context.ts';
import { signJobSetup } from './setup.ts';
import { begin, FAULT, failureIn, faulted, late, MACHINE_NOT_NEEDED, stepAbout } from './transitions.ts';

export const publishing = signJobSetup.createStateConfig({
  description: 'The build goes to App Store Connect; the machine is not needed any more.',
  entry: begin('publishing', 'Uploading to App Store Connect'),
  on: MACHINE_NOT_NEEDED,
  after: { publishingTimeout: late('the upload to App Store Connect') },
  initial: 'recalling',
  states: {
    recalling: {
      description: 'Did an earlier run of this job begin to upload the build?',
      invoke: {
        id: 'findEarlierUpload',
        src: 'findEarlierUpload',
        input: stepAbout(publishedPass),
        onDone: {
          target: 'sending',
          actions: assign({ uploadId: ({ event }) => event.output }),
        },
        onError: faulted,
      },
      after: { journalTimeout: late('reading the journal of uploads') },
    },
    sending: {
      description: 'Sent, committed, and looked at by Apple.',
      invoke: {
        id: 'storeUpload',
        src: 'storeUpload',
        input: ({ context }) => ({
          runId: context.runId,
          artifact: artifactOf(context, publishedPass(context)),
          uploadId: context.uploadId,
          namesGroups: context.job?.afterUpload?.hasGroups === true,
        }),
        onDone: [
          {
            guard: { type: 'isPublished', params: ({ event }) => event },
            target: '#signJob.engaged.work.running.awaitingClaim',
            actions: [
              { type: 'keepPublished', params: ({ event }) => event },
              { type: 'tellRemarks', params: ({ event }) => event },
              'finishStage',
              { type: 'tellPublished', params: ({ event }) => event },
            ],
          },
          {
            target: FAULT,
            actions: [
              { type: 'tellRemarks', params: ({ event }) => event },
              { type: 'keepFailure', params: failureIn },
            ],
          },
        ],
        onError: faulted,
      },
    },
  },
});

export const distributing = signJobSetup.createStateConfig({
  description:
    'App Store Connect has the build, and the sender the artifact: testers are given what was asked for.',
  entry: begin('publishing', 'Waiting for App Store Connect to process the build'),
  on: MACHINE_NOT_NEEDED,
  after: { distributionTimeout: late('what follows the upload to App Store Connect') },
  invoke: {
    id: 'testflight',
    src: 'testflight',
    input: ({ context }) => ({
      runId: context.runId,
      artifact: artifactOf(context, publishedPass(context)),
      wishes: context.job?.afterUpload ?? NOTHING,
    }),
    onDone: [
      {
        guard: { type: 'isDistributed', params: ({ event }) => event },
        target: 'delivered',
        actions: [
          { type: 'keepDistributed', params: ({ event }) => event },
          { type: 'tellRemarks', params: ({ event }) => event },
          { type: 'tellDistributed', params: ({ event }) => event },
        ],
      },
      {
        target: FAULT,
        actions: [
          { type: 'tellRemarks', params: ({ event }) => event },
          { type: 'keepFailure', params: failureIn },
        ],
      },
    ],
    onError: faulted,
  },
});

const NOTHING: AfterUpload = { hasNotes: false, hasGroups: false };

import { fileCancelled } from './failures.ts';
import { fetchingTicket, notarizing, placing, remembering, stapling } from './notarizing.ts';
import { distributing, published, publishing } from './publishing.ts';
import { recording } from './recording.ts';
import { loneFileSetup } from './setup.ts';
import { CLOSING, cancelled, failed, keep, late, log, runOf } from './transitions.ts';

export type { FileTask, LoneFileInput, LoneFileNote, LoneFileOutput } from './context.ts';
export type { TakenFile } from './ports.ts';

const NOTARIZED_ALREADY =
  'The file is notarized already, and carries its ticket: nothing is sent to Apple. --again submits it all the same.';

/**
 * One finished file of a person, without a hub and without a machine: notarized, stapled, or published, by the charts
 * that do it for a job.
 *
 * Promises: ends only when the process that had the file is gone, and with it every copy; the file of the person is
 * replaced whole or stays as it was; a wish to cancel reaches every state; what Apple has is not sent to it again.
 */
export const loneFileMachine = loneFileSetup.createMachine({
  id: 'loneFile',
  description: 'One finished file and one person: notarized, stapled, or published.',
  context: ({ input }) => ({
    ...input,
    file: null,
    attempts: 0,
    failure: null,
    isPlaced: false,
    uploadId: null,
    buildId: null,
  }),
  output: ({ context: { failure, isPlaced, submissionId, uploadId, buildId } }) => ({
    failure,
    isPlaced,
    submissionId,
    uploadId,
    buildId,
  }),
  initial: 'opening',
  states: {
    opening: {
      description: 'A process of its own takes a copy of the file, and checks what seals it.',
      invoke: {
        id: 'openFile',
        src: 'openFile',
        input: runOf,
        onDone: {
          target: 'working',
          actions: [
            { type: 'keepFile', params: ({ event }) => event },
            { type: 'tellRemarks', params: ({ event }) => event.output },
          ],
        },
        onError: failed,
      },
      on: { 'cancel.requested': { target: 'closing', actions: keep(fileCancelled) } },
      after: { openTimeout: late('reading the file') },
    },
    working: {
      description: 'The process works, and is watched from outside.',
      type: 'parallel',
      invoke: {
        id: 'watchRun',
        src: 'watchRun',
        input: runOf,
        onError: failed,
      },
      on: {
        'cancel.requested': { target: 'closing', actions: { type: 'keepFailure', params: cancelled } },
        'process.ended': {
          target: 'closing',
          actions: { type: 'keepFailure', params: ({ event }) => event },
        },
        'step.progressed': { actions: { type: 'passProgress', params: ({ event }) => event } },
        'step.logged': { actions: { type: 'passLog', params: ({ event }) => event } },
        'submission.received': { actions: { type: 'keepReceived', params: ({ event }) => event } },
        'step.moved': {},
        'step.sent': {},
      },
      states: {
        work: {
          description: 'What the person wants of the file.',
          initial: 'beginning',
          states: {
            beginning: {
              description: 'Which of the three is it?',
              always: [
                {
                  guard: 'isDoneInPlace',
                  target: CLOSING,
                  actions: ['keepPlaced', log(NOTARIZED_ALREADY)],
                },
                { guard: 'isDone', target: 'placing', actions: log(NOTARIZED_ALREADY) },
                { guard: 'isStapled', target: 'fetchingTicket' },
                { target: 'recording' },
              ],
            },
            recording,
            remembering,
            notarizing,
            fetchingTicket,
            stapling,
            placing,
            publishing,
            published,
            distributing,
          },
        },
        memory: {
          description: 'A process that takes too much memory is ended.',
          initial: 'resting',
          states: {
            resting: {
              description: 'Until its memory is looked at again.',
              after: { measurePause: 'measuring' },
            },
            measuring: {
              description: 'One look; one that is ended for its size is noticed by the watch.',
              invoke: {
                id: 'measureRun',
                src: 'measureRun',
                input: runOf,
                onDone: 'resting',
                onError: 'resting',
              },
              after: { measureTimeout: 'resting' },
            },
          },
        },
      },
    },
    closing: {
      description: 'The process ends, and what it had is removed.',
      invoke: {
        id: 'closeFile',
        src: 'closeFile',
        input: runOf,
        onDone: 'ended',
        // what could not be removed is swept by the next call
        onError: 'ended',
      },
      after: { closeTimeout: 'ended' },
    },
    ended: { description: 'Nothing of it works any more.', type: 'final' },
  },
});

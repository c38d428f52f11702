import { errorOf } from '../contracts/attempts.ts';
import { taken } from './context.ts';
import { loneFileSetup } from './setup.ts';
import { begin, CLOSING, failed, failureIn, fileOf, late, runOf, targetOf } from './transitions.ts';

export const remembering = loneFileSetup.createStateConfig({
  description:
    'The person knows under which id Apple has the file: the journal learns it, and nothing is sent.',
  invoke: {
    id: 'recordSubmission',
    src: 'recordSubmission',
    input: ({ context }) => ({
      ...fileOf({ context }),
      submissionId: context.submissionId ?? '',
      phase: 'uploaded' as const,
    }),
    onDone: 'notarizing',
    onError: failed,
  },
  after: { journalTimeout: late('writing the journal') },
});

export const notarizing = loneFileSetup.createStateConfig({
  description: 'Apple judges the file, and its ticket is attached to our copy.',
  entry: begin('notarizing', 'Notarizing'),
  invoke: {
    id: 'notarization',
    src: 'notarization',
    input: ({ context, self }) => ({
      ...fileOf({ context }),
      staples: taken(context).staples,
      owner: self,
    }),
    onDone: [
      {
        guard: { type: 'carriesTicket', params: ({ event }) => event },
        target: 'placing',
        actions: { type: 'keepNotarized', params: ({ event }) => event },
      },
      {
        guard: { type: 'isAccepted', params: ({ event }) => event },
        target: CLOSING,
        actions: { type: 'keepSubmission', params: ({ event }) => event },
      },
      {
        target: CLOSING,
        actions: [
          { type: 'keepSubmission', params: ({ event }) => event },
          { type: 'keepFailure', params: failureIn },
        ],
      },
    ],
    onError: failed,
  },
  after: { notarizationTimeout: late('the notarization') },
});

export const fetchingTicket = loneFileSetup.createStateConfig({
  description: 'The ticket of a file that was notarized before is looked up.',
  entry: [begin('notarizing', 'Looking up the notarization ticket'), 'resetAttempts'],
  initial: 'asking',
  states: {
    asking: {
      description: 'One look-up.',
      entry: 'countAttempt',
      invoke: {
        id: 'fetchTicket',
        src: 'fetchTicket',
        input: targetOf,
        onDone: '#loneFile.working.work.stapling',
        onError: [{ guard: { type: 'mayLookAgain', params: errorOf }, target: 'pausing' }, failed],
      },
      after: {
        ticketTimeout: [{ guard: 'hasLooksLeft', target: 'pausing' }, late('looking up the ticket')],
      },
    },
    pausing: { description: 'It gets time to appear.', after: { ticketPause: 'asking' } },
  },
});

export const stapling = loneFileSetup.createStateConfig({
  description: 'The ticket is attached, and what carries it is checked.',
  invoke: {
    id: 'stapleTicket',
    src: 'stapleTicket',
    input: targetOf,
    onDone: [
      {
        guard: 'isOfApp',
        target: CLOSING,
        actions: 'keepPlaced',
      },
      {
        target: 'placing',
        actions: { type: 'keepStapled', params: ({ event }) => ({ artifact: event.output }) },
      },
    ],
    onError: failed,
  },
  after: { stapleTimeout: late('attaching the ticket') },
});

export const placing = loneFileSetup.createStateConfig({
  description: 'The file with its ticket takes its place.',
  invoke: {
    id: 'placeFile',
    src: 'placeFile',
    input: runOf,
    onDone: { target: CLOSING, actions: 'keepPlaced' },
    onError: failed,
  },
  after: { placeTimeout: late('writing the file') },
});

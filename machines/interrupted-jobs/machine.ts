import { interruptedJobsSetup } from './setup.ts';
import { pausingWatch, watching } from './watching.ts';

export type { HubStanding, InterruptedJobsEvent, InterruptedJobsInput } from './setup.ts';

/**
 * Jobs that the previous process was killed in and that the hub still counts as running there: their senders wait for
 * an answer that nobody but us can give.
 *
 * The one job that the hub took back when the link of that process broke is not among them. Which one that was is known
 * for sure only when the process had read everything that the hub had assigned; the last one that it did read is watched
 * until it shows whether somebody has it. A job that the hub hands out again is a job like any other, and is struck out
 * here.
 *
 * What cannot be answered for: of several assignments that the killed process had not read, all but the last. The hub
 * says the id of a job to the worker that it assigns it to and to its sender, and nowhere else: no page of it lists jobs,
 * ids cannot be guessed, and a `complete` without one means the last assigned. An assignment is in the journal in the
 * turn in which its frame is read, so this takes a kill within the moment in which two of them lie in the socket.
 *
 * Promises: nothing is answered before the hub had its time to hand jobs out; no job stays without an answer as long
 * as the hub can be reached.
 */
export const interruptedJobsMachine = interruptedJobsSetup.createMachine({
  id: 'interruptedJobs',
  description: 'Answers for the jobs that the previous process was killed in.',
  context: ({ input: { jobIds, unsureIds = [], owner } }) => ({ jobIds, unsureIds, owner }),
  initial: 'offline',
  on: { 'hub.jobAssigned': { actions: { type: 'strikeOut', params: ({ event }) => event } } },
  states: {
    offline: {
      description: 'No link to the hub.',
      always: { guard: 'isNone', target: 'settled' },
      on: { 'hub.linkUp': 'awaitingHandOut' },
    },
    awaitingHandOut: {
      description: 'The hub may hand out again what it took back.',
      always: { guard: 'isNone', target: 'settled' },
      on: { 'hub.linkLost': 'offline' },
      after: { handOutTime: 'answering' },
    },
    answering: {
      description: 'Each job that is left is told to have failed.',
      always: { guard: 'hasNoSure', target: 'watching' },
      invoke: {
        id: 'answerJobs',
        src: 'answerJobs',
        input: ({ context }) => ({ jobIds: context.jobIds }),
        onDone: { target: 'watching', actions: 'answered' },
        onError: 'pausing',
      },
      after: { answerTimeout: 'pausing' },
    },
    pausing: {
      description: 'The hub did not hear it; it is said again.',
      always: { guard: 'hasNoSure', target: 'watching' },
      on: { 'hub.linkLost': 'offline' },
      after: { answerPause: 'answering' },
    },
    watching,
    pausingWatch,
    settled: {
      description: 'Nobody waits for an answer of the previous process.',
      entry: 'tellAnswered',
    },
  },
});

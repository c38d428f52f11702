import { type HubStanding, interruptedJobsSetup } from './setup.ts';

const ANSWERING = '#interruptedJobs.answering';
const PAUSING = '#interruptedJobs.pausingWatch';
const OFFLINE = '#interruptedJobs.offline';
const SETTLED = '#interruptedJobs.settled';
const WATCHING = '#interruptedJobs.watching';
const answer = { target: ANSWERING, actions: 'becomeSure' } as const;
const next = { target: WATCHING, reenter: true, actions: 'forgetWatched' } as const;

/**
 * The hub took this job back, unless it had assigned one more that the killed process had not read; or it was told the
 * result, unless the link was dead by then. Otherwise it counts the job as running, and nobody works on it. Nobody says
 * which it is. What can be seen: a result, a worker that speaks of it, and whether there is a queue or another worker
 * that could have it.
 */
export const watching = interruptedJobsSetup.createStateConfig({
  description: 'One job after the other that the hub took back, or nobody has: it is watched who has it.',
  always: { guard: 'hasNoUnsure', target: SETTLED },
  invoke: {
    id: 'watchJob',
    src: 'watchJob',
    input: ({ context }) => ({ jobId: context.unsureIds[0] ?? '' }),
    onError: PAUSING,
  },
  on: {
    'hub.jobAssigned': {
      target: WATCHING,
      reenter: true,
      actions: { type: 'strikeOut', params: ({ event }) => event },
    },
    'hub.linkLost': OFFLINE,
    'watch.over': next,
    'watch.heard': next,
    'watch.lost': PAUSING,
  },
  initial: 'beginning',
  states: {
    beginning: {
      description: 'The hub is asked whether it knows the job, and to pass on what is said of it.',
      on: { 'watch.begun': 'asking' },
      after: { watchTimeout: PAUSING },
    },
    asking: {
      description: 'Is there anybody who could have it, or a queue in which it could be?',
      invoke: {
        id: 'askHubStanding',
        src: 'askHubStanding',
        onDone: [
          { guard: { type: 'nobodyCanHaveIt', params: standing }, ...answer },
          { target: 'listening' },
        ],
        onError: 'listening',
      },
      after: { standingTimeout: 'listening' },
    },
    listening: {
      description: 'Whoever works on it says so now and then; the owner need not wait for that.',
      entry: 'tellAnswered',
      after: { silenceTime: 'askingAgain' },
      initial: 'hearing',
      states: {
        hearing: {
          description: 'Until the hub is asked how things stand now.',
          after: { standingPause: 'lookingAgain' },
        },
        lookingAgain: {
          description:
            'A hub counts a worker whose link died until it notices; the others may have left, too.',
          invoke: {
            id: 'lookAtHubStanding',
            src: 'askHubStanding',
            onDone: [
              { guard: { type: 'nobodyCanHaveIt', params: standing }, ...answer },
              { target: 'hearing' },
            ],
            onError: 'hearing',
          },
          after: { standingTimeout: 'hearing' },
        },
      },
    },
    askingAgain: {
      description: 'Nobody spoke of it for long: unless it waits in the queue, nobody has it.',
      invoke: {
        id: 'askHubStandingAgain',
        src: 'askHubStanding',
        onDone: [{ guard: { type: 'someJobWaits', params: standing }, target: 'listening' }, answer],
        onError: answer,
      },
      after: { standingTimeout: answer },
    },
  },
});

export const pausingWatch = interruptedJobsSetup.createStateConfig({
  description: 'The link on which the job was watched ended; it is watched anew.',
  on: { 'hub.linkLost': OFFLINE },
  after: { answerPause: WATCHING },
});

function standing({ event }: { event: { output: HubStanding } }): HubStanding {
  return event.output;
}

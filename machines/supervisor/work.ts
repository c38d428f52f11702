import { and } from 'xstate';
import type { ReturnCause, ReturnedJob } from './context.ts';
import { lineFull } from './failures.ts';
import { supervisorSetup } from './setup.ts';
import { adoption, joining, pausing, refused, yielding } from './transitions.ts';

/** The hub did not take it back: it is done, and the daemon ends after it. */
const keptJob = {
  target: 'draining',
  actions: [
    { type: 'startRun', params: jobOf },
    { type: 'confirmKept', params: jobOf },
  ],
} as const;

const adopted = {
  guard: { type: 'isOpenRun', params: ({ event }: { event: ReturnedJob }) => event },
  actions: [
    { type: 'noteAdoption', params: adoption },
    { type: 'adoptAssignment', params: jobOf },
  ],
} as const;

const returned = (cause: ReturnCause) =>
  ({
    actions: {
      type: 'returnAssignment',
      params: ({ event }: { event: ReturnedJob }) => ({ ...event, cause }),
    },
  }) as const;

/** Nothing more is taken: what comes goes back to the hub, and what the hub has lost with its link ends. */
const givenBack = (cause: ReturnCause) =>
  ({
    'hub.jobAssigned': [adopted, returned(cause)],
    'job.awaitingReassignment': {
      actions: [
        { type: 'loseClaim', params: ({ event }: { event: { runId: string } }) => event },
        'endLostRuns',
      ],
    },
    'job.kept': { actions: keptJob.actions },
  }) as const;

const toDraining = { target: 'draining', actions: 'closePool' } as const;

/** The end is asked for while jobs may still run: they may finish first. */
const drained = { 'drain.requested': toDraining, 'shutdown.requested': toDraining } as const;

/** As it was before an upgrade asked. */
const goneOn = [
  { guard: 'isPaused', target: 'paused', actions: yielding(false) },
  { guard: 'isHindered', target: 'unable', actions: yielding(false) },
  { target: 'accepting', actions: [yielding(false), 'resumeIntake'] },
] as const;

/** Region of `serving`. */
export const work = supervisorSetup.createStateConfig({
  description: 'Whether new work is taken.',
  initial: 'beginning',
  states: {
    beginning: {
      description: 'Does an upgrade wait already? Was the daemon paused when it ended the last time?',
      always: [
        { guard: 'isYielding', target: 'yielding' },
        { guard: 'isPaused', target: 'paused' },
        { target: 'accepting' },
      ],
    },
    declining: {
      description:
        'The end was asked for before there was a link: the hub is offered nothing from the start.',
      entry: ['closeIntake', 'closePool'],
      always: 'draining',
    },
    accepting: {
      description: 'Assignments are taken; those beyond the slots wait in line.',
      always: { guard: 'isHindered', target: 'unable' },
      on: {
        'hub.jobAssigned': [
          adopted,
          {
            guard: 'lineIsFull',
            actions: refused(lineFull),
          },
          { actions: { type: 'startRun', params: ({ event }) => event } },
        ],
        'yield.requested': { target: 'yielding', actions: yielding(true) },
        'pause.requested': { target: 'paused', actions: pausing(true) },
        'resume.requested': { actions: pausing(false) },
        // resumed before this was known: the hub may have handed it to us once more by then
        'job.kept': { guard: { type: 'isNoOpenRun', params: jobOf }, actions: keptJob.actions },
        ...drained,
      },
    },
    paused: {
      description:
        'No more work is taken until it is resumed, also after a restart; what runs goes on. What comes goes back to the hub.',
      entry: ['pauseIntake', 'endLostRuns'],
      on: {
        ...givenBack('paused'),
        'yield.requested': { target: 'yielding', actions: yielding(true) },
        'pause.requested': { actions: pausing(true) },
        'resume.requested': [
          { guard: 'isHindered', target: 'unable', actions: pausing(false) },
          { target: 'accepting', actions: [...pausing(false), 'resumeIntake'] },
        ],
        ...drained,
      },
    },
    unable: {
      description:
        'Every job would fail: no more work is taken until that is over, and what has no slot waits for it; what runs goes on. What comes goes back to the hub.',
      entry: ['pauseIntake', 'endLostRuns'],
      always: { guard: 'isUnhindered', target: 'accepting', actions: 'resumeIntake' },
      on: {
        ...givenBack('unable'),
        'yield.requested': { target: 'yielding', actions: yielding(true) },
        'pause.requested': { target: 'paused', actions: pausing(true) },
        'resume.requested': { actions: pausing(false) },
        ...drained,
      },
    },
    yielding: {
      description:
        'An upgrade waits until the jobs that run have ended: no more are taken as long as it does. What comes goes back to the hub.',
      entry: ['pauseIntake', 'endLostRuns'],
      on: {
        ...givenBack('yielding'),
        'yield.withdrawn': goneOn,
        'pause.requested': { actions: pausing(true) },
        'resume.requested': { actions: pausing(false) },
        ...drained,
      },
      after: { yieldTimeout: goneOn },
    },
    draining: {
      description:
        'No more work is taken; what runs may finish, for a while. What comes goes back to the hub.',
      entry: ['endLostRuns', 'returnHindered'],
      on: {
        ...givenBack('stopping'),
        'job.awaitingSlot': { actions: [...joining, 'returnHindered'] },
        'drain.requested': {},
        'shutdown.requested': 'stopping',
      },
      always: { guard: and(['isIdle', 'nothingReturned']), target: 'answering' },
      after: { drainTimeout: 'stopping' },
    },
    stopping: {
      description:
        'The hub takes back the job that it assigned last, and is given back what never left this host; the rest is cancelled.',
      entry: ['closeIntake', 'cancelAllRuns'],
      on: {
        'hub.jobAssigned': returned('stopping'),
        'job.kept': { actions: { type: 'handBack', params: ({ event }) => event } },
        'drain.requested': {},
        'shutdown.requested': {},
      },
      always: { guard: and(['isIdle', 'nothingReturned']), target: 'answering' },
      after: { stopTimeout: 'closing' },
    },
    answering: {
      description:
        'Nothing is left but jobs that the previous process was killed in: their senders are told, if the hub is there.',
      on: {
        'hub.jobAssigned': returned('stopping'),
        'job.kept': keptJob,
        'drain.requested': {},
        'shutdown.requested': {},
      },
      always: { guard: and(['nothingInterrupted', 'nothingReturned']), target: 'closing' },
      after: {
        interruptedTimeout: [
          { guard: 'nothingReturned', target: 'closing' },
          { target: 'answering', reenter: true },
        ],
      },
    },
    closing: {
      description:
        'The last results are said and the link is closed; one that comes up only now is used for that.',
      entry: 'closeHub',
      on: {
        'hub.linkUp': { guard: 'nothingReturned', actions: 'closeHub' },
        'hub.jobAssigned': returned('stopping'),
        'job.kept': keptJob,
        'returns.settled': { actions: 'closeHub' },
        'drain.requested': {},
        'shutdown.requested': {},
      },
      after: { closeTimeout: '#supervisor.stopped' },
    },
  },
});

function jobOf({ event }: { event: ReturnedJob }): ReturnedJob {
  return event;
}

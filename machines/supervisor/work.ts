import { and } from 'xstate';
import { lineFull, notTaken } from './failures.ts';
import { supervisorSetup } from './setup.ts';
import { adoption, refused } from './transitions.ts';

/** Region of `serving`. */
export const work = supervisorSetup.createStateConfig({
  description: 'Whether new work is taken.',
  initial: 'accepting',
  states: {
    accepting: {
      description: 'Assignments are taken; those beyond the slots wait in line.',
      on: {
        'hub.jobAssigned': [
          {
            guard: { type: 'isOpenRun', params: ({ event }) => event },
            actions: [
              { type: 'noteAdoption', params: adoption },
              { type: 'adoptAssignment', params: ({ event }) => event },
            ],
          },
          {
            guard: 'lineIsFull',
            actions: refused(lineFull),
          },
          { actions: { type: 'startRun', params: ({ event }) => event } },
        ],
        'drain.requested': { target: 'draining', actions: 'closePool' },
        'shutdown.requested': { target: 'draining', actions: 'closePool' },
      },
    },
    draining: {
      description:
        'No more work is taken; what runs may finish, for a while. What comes goes back to the hub.',
      entry: 'endLostRuns',
      on: {
        'hub.jobAssigned': [
          {
            guard: { type: 'isOpenRun', params: ({ event }) => event },
            actions: [
              { type: 'noteAdoption', params: adoption },
              { type: 'adoptAssignment', params: ({ event }) => event },
            ],
          },
          { actions: { type: 'returnAssignment', params: ({ event }) => event } },
        ],
        'job.awaitingReassignment': {
          actions: [{ type: 'loseClaim', params: ({ event }) => event }, 'endLostRuns'],
        },
        'job.kept': {
          actions: [
            { type: 'startRun', params: ({ event }) => event },
            { type: 'confirmKept', params: ({ event }) => event },
          ],
        },
        'drain.requested': {},
        'shutdown.requested': 'stopping',
      },
      always: { guard: and(['isIdle', 'nothingReturned']), target: 'closing' },
      after: { drainTimeout: 'stopping' },
    },
    stopping: {
      description:
        'The hub takes back the job that it assigned last; what is left is cancelled and cleaned up.',
      entry: ['closeIntake', 'cancelAllRuns'],
      on: {
        'hub.jobAssigned': { actions: { type: 'returnAssignment', params: ({ event }) => event } },
        'job.kept': {
          actions: refused(notTaken),
        },
        'drain.requested': {},
        'shutdown.requested': {},
      },
      always: { guard: and(['isIdle', 'nothingReturned']), target: 'closing' },
      after: { stopTimeout: 'closing' },
    },
    closing: {
      description:
        'The last results are said and the link is closed; one that comes up only now is used for that.',
      entry: 'closeHub',
      on: {
        'hub.linkUp': { guard: 'nothingReturned', actions: 'closeHub' },
        'hub.jobAssigned': { actions: { type: 'returnAssignment', params: ({ event }) => event } },
        'job.kept': {
          target: 'draining',
          actions: [
            { type: 'startRun', params: ({ event }) => event },
            { type: 'confirmKept', params: ({ event }) => event },
          ],
        },
        'returns.settled': { actions: 'closeHub' },
        'drain.requested': {},
        'shutdown.requested': {},
      },
      after: { closeTimeout: '#supervisor.stopped' },
    },
  },
});

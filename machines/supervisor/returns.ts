import { and, or, stateIn } from 'xstate';
import type { ReturnedJob } from './context.ts';
import { supervisorSetup } from './setup.ts';

/** A daemon that goes on has all the time until the hub is back. */
const isEnding = or(
  ['draining', 'stopping', 'answering', 'closing'].map((work) => stateIn({ serving: { work } })),
);

/**
 * Region of `serving`: jobs that came when no more were wanted. When the link is closed the hub takes back the one that
 * it assigned last; of others it believes that they run here, and nobody but us can bring them to an end.
 */
export const returns = supervisorSetup.createStateConfig({
  description: 'Jobs that came when no more were wanted go back to the hub, as far as it takes them.',
  initial: 'none',
  on: { 'job.returned': '.awaitingClose', 'returns.settled': { actions: 'forgetReturned' } },
  states: {
    none: { description: 'There are none.' },
    awaitingClose: {
      description: 'The link is being closed: with it the hub takes back the job that it assigned last.',
      on: { 'hub.linkLost': 'awaitingLink' },
      after: { closeTimeout: 'awaitingLink' },
    },
    awaitingLink: {
      description:
        'The next link offers nothing; a daemon that ends, with nothing else left to do, gives the hub a while to come back.',
      on: { 'hub.linkUp': 'asking' },
      after: {
        returnTimeout: [
          { guard: and(['isIdle', isEnding]), target: 'none', actions: 'forgetReturned' },
          { target: 'awaitingLink', reenter: true },
        ],
      },
    },
    asking: {
      description: 'The hub is asked which of them it believes to run here all the same.',
      invoke: {
        id: 'probeReturned',
        src: 'probeReturned',
        input: returnedIds,
        onDone: { target: 'none', actions: { type: 'settleReturned', params: keptIds } },
        onError: { target: 'none', actions: 'keepReturned' },
      },
      on: { 'hub.linkLost': 'awaitingLink' },
      after: { probeTimeout: { target: 'none', actions: 'keepReturned' } },
    },
  },
});

function returnedIds({ context }: { context: { readonly returned: readonly ReturnedJob[] } }) {
  return { assignmentIds: context.returned.map(({ assignmentId }) => assignmentId) };
}

function keptIds({ event }: { event: { output: readonly string[] } }): { keptIds: readonly string[] } {
  return { keptIds: event.output };
}

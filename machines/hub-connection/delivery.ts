import { assignmentsInDoubt } from './outbox.ts';
import { hubConnectionSetup } from './setup.ts';

const ONLINE = '#hubConnection.linked.online';

/** Region of `online`: what is said, and what is known to have arrived. */
export const delivery = hubConnectionSetup.createStateConfig({
  description: 'What is said, and what is known to have arrived.',
  initial: 'deciding',
  states: {
    deciding: {
      description: 'Are there results that may not be said before the hub was asked?',
      always: [{ guard: 'isInDoubt', target: 'reconciling' }, { target: 'flowing' }],
    },
    reconciling: {
      description: 'The hub is asked which of those results it still waits for, until it answers.',
      after: { reconcileTimeout: { target: 'flowing', actions: 'reopenAll' } },
      initial: 'asking',
      states: {
        asking: {
          description: 'One question for each of those results.',
          invoke: {
            id: 'probeAssignments',
            src: 'probeAssignments',
            input: ({ context }) => ({ assignmentIds: assignmentsInDoubt(context.outbox) }),
            onDone: {
              target: `${ONLINE}.delivery.flowing`,
              actions: { type: 'reopen', params: ({ event }) => event.output },
            },
            onError: 'pausing',
          },
        },
        pausing: {
          description: 'The hub did not say; a result told twice would be counted twice.',
          after: { reconcilePause: 'asking' },
        },
      },
    },
    flowing: {
      description: 'What belongs to jobs of ours is said as it comes; of a job in doubt, nothing.',
      always: [
        { guard: 'isInDoubt', target: 'reconciling' },
        { guard: 'hasSayable', actions: 'flush' },
      ],
    },
  },
});

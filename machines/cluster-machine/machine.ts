import { assign, emit, raise, setup } from 'xstate';
import { port } from '../contracts/actors.ts';
import type { ClusterMachineEnd, ClusterMachineView } from '../contracts/cluster.ts';
import { clusterMachineLimits } from './limits.ts';
import { stage } from './stage.ts';

type Context = ClusterMachineEnd;
type Seen = { readonly view: ClusterMachineView };

/** `machine.seen` passes between the regions: what the question has brought. */
export type ClusterMachineEvent =
  | { type: 'machine.seen'; view: ClusterMachineView }
  | { type: 'machine.lookRequested' };

const seen = ({ event }: { event: { output: ClusterMachineView } }): Seen => ({ view: event.output });

/**
 * One machine of a cluster, from the answer to its creation to its end; the controller is asked again and again.
 *
 * Promises: at most one question at a time; each stage before `running` has a deadline of its own; a machine that runs is
 * given up only when the controller says that it has ended, or says nothing for long.
 */
export const clusterMachine = setup({
  types: {
    context: {} as Context,
    events: {} as ClusterMachineEvent,
    /** Said once, when the machine was started on its worker. */
    emitted: {} as { readonly type: 'started' },
    output: {} as ClusterMachineEnd,
  },
  actors: { lookAtMachine: port<ClusterMachineView, void>('lookAtMachine') },
  delays: { ...clusterMachineLimits },
  guards: {
    isAt: (_, { view, stage }: Seen & { readonly stage: ClusterMachineView['stage'] }) =>
      view.stage === stage,
  },
  actions: {
    remember: assign((_, { view }: Seen) => ({ worker: view.worker, message: view.message })),
    conclude: assign((_, { why }: Pick<ClusterMachineEnd, 'why'>) => ({ why })),
    tellStarted: emit({ type: 'started' } as const),
    tellSeen: raise((_, { view }: Seen) => ({ type: 'machine.seen', view }) as const),
  },
}).createMachine({
  id: 'clusterMachine',
  description: 'One machine of a cluster, followed from its creation to its end.',
  context: { why: 'gone', worker: null, message: null },
  output: ({ context }) => context,
  initial: 'followed',
  states: {
    followed: {
      description: 'The controller is asked how far the machine is, while its stages have their deadlines.',
      type: 'parallel',
      states: {
        stage,
        question: {
          description: 'How often the controller is asked, and how long it may say nothing.',
          initial: 'heard',
          states: {
            heard: {
              description: 'The controller answers.',
              initial: 'asking',
              states: {
                asking: {
                  description: 'One question about this machine.',
                  invoke: {
                    id: 'lookAtMachine',
                    src: 'lookAtMachine',
                    onDone: { target: 'pausing', actions: { type: 'tellSeen', params: seen } },
                    onError: '#clusterMachine.followed.question.unheard',
                  },
                  after: { answerTimeout: '#clusterMachine.followed.question.unheard' },
                },
                pausing: {
                  description: 'News would be five seconds old at worst.',
                  on: { 'machine.lookRequested': 'asking' },
                  after: { lookPause: 'asking' },
                },
              },
            },
            unheard: {
              description: 'The controller does not answer; the machine lives on without it.',
              after: {
                silenceTimeout: {
                  target: '#clusterMachine.ended',
                  actions: { type: 'conclude', params: { why: 'unanswered' } },
                },
              },
              initial: 'pausing',
              states: {
                pausing: {
                  description: 'Backs off before the next question.',
                  after: { lookPause: 'asking' },
                },
                asking: {
                  description: 'One question more.',
                  invoke: {
                    id: 'lookAgain',
                    src: 'lookAtMachine',
                    onDone: {
                      target: '#clusterMachine.followed.question.heard.pausing',
                      actions: { type: 'tellSeen', params: seen },
                    },
                    onError: 'pausing',
                  },
                  after: { answerTimeout: 'pausing' },
                },
              },
            },
          },
        },
      },
    },
    ended: { description: 'How it ended is known, or why nobody waits any more.', type: 'final' },
  },
});

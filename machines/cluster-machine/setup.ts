import { assign, emit, or, raise, setup, stateIn } from 'xstate';
import { port } from '../contracts/actors.ts';
import type { ClusterMachineEnd, ClusterMachineMiss, ClusterMachineView } from '../contracts/cluster.ts';
import { toFailure } from '../contracts/failure.ts';
import { clusterMachineLimits, OTHER_MACHINES } from './limits.ts';

export interface ClusterMachineContext extends ClusterMachineEnd {
  /** Of the machine that was asked for last, as soon as it is known. */
  readonly uid: string | null;
}

export type ClusterMachineEvent =
  /** Passes between the regions: what the question has brought. */
  | { type: 'machine.seen'; view: ClusterMachineView }
  /** Somebody was inside: from now on it is the one, and no other can take its place. */
  | { type: 'machine.entered' }
  /** Its owner removes it. */
  | { type: 'machine.unwanted' };

export type ClusterMachineSaid =
  /** Said for each machine that was started on its worker. */
  | { readonly type: 'started'; readonly worker: string | null }
  /** Its worker seems to pull the image. */
  | { readonly type: 'pulled'; readonly worker: string | null }
  /** Another one is asked for in its place. */
  | { readonly type: 'missed'; readonly miss: ClusterMachineMiss }
  /** Nobody waits any more. */
  | { readonly type: 'concluded'; readonly end: ClusterMachineEnd };

/** That heal only when the operator changes something. */
const REFUSALS = new Set(['CLUSTER_REFUSED', 'CLUSTER_CERTIFICATE_REFUSED']);

/** Nothing came, or the words of somebody else: nobody knows whether it was done. */
const UNANSWERED = new Set(['CLUSTER_UNREACHABLE', 'CLUSTER_ANSWER_INVALID']);

type Seen = { readonly view: ClusterMachineView };
type Look = { readonly uid: string | null };

/** What the states of the cluster-machine are made of. */
export const clusterMachineSetup = setup({
  types: {
    context: {} as ClusterMachineContext,
    events: {} as ClusterMachineEvent,
    emitted: {} as ClusterMachineSaid,
    output: {} as ClusterMachineEnd,
  },
  actors: {
    /** Answers with the uid of the new machine; null when the name is taken. */
    requestMachine: port<string | null, void>('requestMachine'),
    /** Of the machine with this uid, or of any that has the name. */
    lookAtMachine: port<ClusterMachineView, Look>('lookAtMachine'),
    /** Whichever has the name. */
    removeMachine: port<void, void>('removeMachine'),
  },
  delays: { ...clusterMachineLimits },
  guards: {
    isAt: (_, { view, stage }: Seen & { readonly stage: ClusterMachineView['stage'] }) =>
      view.stage === stage,
    /** Not the one that was to be removed, and still has the name. */
    isNew: ({ context }, { view }: Seen) => view.stage !== 'gone' && view.uid !== context.uid,
    isNoMore: ({ context }, { view }: Seen) => view.stage === 'gone' || view.uid !== context.uid,
    isGone: (_, { view }: Seen) => view.stage === 'gone',
    mayGetAnother: ({ context }) => context.missed.length < OTHER_MACHINES,
    hasFailedEarly: ({ context }, { view }: Seen) =>
      view.stage === 'failed' && context.missed.length < OTHER_MACHINES,
    isTaken: (_, { uid }: Look) => uid === null,
    /** Whether it was done is not known. */
    isRefused: (_, { error }: { readonly error: unknown }) => REFUSALS.has(toFailure(error).code),
    hasStarted: or([
      stateIn('#clusterMachine.followed.stage.starting'),
      stateIn('#clusterMachine.followed.stage.running'),
    ]),
    isUnanswered: (_, { error }: { readonly error: unknown }) => UNANSWERED.has(toFailure(error).code),
  },
  actions: {
    remember: assign((_, { view }: Seen) => ({ worker: view.worker, message: view.message })),
    identify: assign((_, { uid }: Look) => ({ uid, worker: null, message: null })),
    conclude: assign((_, { why }: Pick<ClusterMachineEnd, 'why'>) => ({ why })),
    noteMiss: assign(
      ({ context: { missed, worker, message } }, { why }: Pick<ClusterMachineMiss, 'why'>) => ({
        why,
        missed: [...missed, { why, worker, message }],
      }),
    ),
    tellMiss: emit(({ context }) => ({
      type: 'missed' as const,
      miss: context.missed.at(-1) as ClusterMachineMiss,
    })),
    tellPull: emit(({ context }) => ({ type: 'pulled' as const, worker: context.worker })),
    tellStarted: emit(({ context }) => ({ type: 'started' as const, worker: context.worker })),
    tellConcluded: emit(({ context: { why, worker, message, missed } }) => ({
      type: 'concluded' as const,
      end: { why, worker, message, missed },
    })),
    /** As if it were said only now. */
    recallUnwanted: raise({ type: 'machine.unwanted' }),
    tellSeen: raise((_, { view }: Seen) => ({ type: 'machine.seen', view }) as const),
  },
});

export const errorOf = ({ event }: { event: { error: unknown } }) => ({ error: event.error });
export const seen = ({ event }: { event: { output: ClusterMachineView } }): Seen => ({ view: event.output });
export const conclude = (why: ClusterMachineEnd['why']) => ({ type: 'conclude' as const, params: { why } });
/** The machine that was asked for last. */
export const ours = ({ context }: { context: ClusterMachineContext }): Look => ({ uid: context.uid });
/** Whichever machine has the name. */
export const any = (): Look => ({ uid: null });

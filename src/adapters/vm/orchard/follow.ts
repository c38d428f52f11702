import type { ClusterMachineEnd, ClusterMachineView } from '../../../../machines/contracts/cluster.ts';

/** One machine of the cluster that is looked at until it ends. */
export interface FollowedMachine {
  /** It was started on its worker. Never rejects; a machine that ends before leaves it open. */
  readonly started: Promise<void>;
  readonly ended: Promise<ClusterMachineEnd>;
  /** Something has happened to it that the controller knows already. */
  lookNow(): void;
  /** Asks no more; what is open stays open. */
  forget(): void;
}

/** Asks `look` again and again; pauses and deadlines are those of the chart cluster-machine. */
export type FollowMachine = (look: (signal: AbortSignal) => Promise<ClusterMachineView>) => FollowedMachine;

/**
 * Asks `ask` for all who want its answer at about the same time; whoever asks is answered by a question that began after
 * that. Pauses and deadlines are those of the chart cluster-look.
 */
export type ShareQuestion = <T>(
  ask: (signal: AbortSignal) => Promise<T>,
) => (signal: AbortSignal) => Promise<T>;

import type {
  ClusterMachineEnd,
  ClusterMachineMiss,
  ClusterMachineView,
} from '../../../../machines/contracts/cluster.ts';

/** What can be asked of the controller about the machines of one name. Each call is one attempt. */
export interface MachineRequests {
  /** @returns the uid of the new machine; null when the name is taken */
  request(signal: AbortSignal): Promise<string | null>;
  /** @param uid - another machine of the name counts as none; null for whichever has it */
  look(uid: string | null, signal: AbortSignal): Promise<ClusterMachineView>;
  remove(signal: AbortSignal): Promise<void>;
}

export interface MachineNews {
  /** A worker has started it. */
  readonly onStarted: (worker: string | null) => void;
  /** A worker takes longer than a clone does: it seems to pull the image. */
  readonly onPull: (worker: string | null) => void;
  /** A worker did not bring it to run; another machine is asked for. */
  readonly onMissed: (miss: ClusterMachineMiss) => void;
}

/** One machine of the cluster that is asked for, and looked at until it ends. */
export interface FollowedMachine {
  /** It was started on its worker. Never rejects; a machine that ends before leaves it open. */
  readonly started: Promise<void>;
  readonly ended: Promise<ClusterMachineEnd>;
  /** Nothing can come any more of what was asked for, as far as anybody can know. Never rejects. */
  readonly settled: Promise<void>;
  /** Somebody was inside. */
  entered(): void;
  /** Its owner has removed it, or will; what a late request still makes of it is removed. */
  unwanted(): void;
}

/** Pauses, repetitions and deadlines are those of the chart cluster-machine. */
export type FollowMachine = (requests: MachineRequests, news: MachineNews) => FollowedMachine;

/**
 * Asks `ask` for all who want its answer at about the same time; whoever asks is answered by a question that began after
 * that. Pauses and deadlines are those of the chart cluster-look.
 */
export type ShareQuestion = <T>(
  ask: (signal: AbortSignal) => Promise<T>,
) => (signal: AbortSignal) => Promise<T>;

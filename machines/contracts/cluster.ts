/** How far one machine of a cluster is, as its controller tells. */
export interface ClusterMachineView {
  /**
   * `queued`: no worker has it; `assigned`: one was chosen, and has said nothing of it; `cloning`: it makes it, and pulls
   * the image before where it has none; `running`: it was started there; `failed`: it has ended, and will not come back;
   * `gone`: the controller has no such machine, or another one under its name.
   */
  readonly stage: 'queued' | 'assigned' | 'cloning' | 'running' | 'failed' | 'gone';
  /** Tells it from another machine that had its name before. */
  readonly uid: string | null;
  /** Name of its worker. */
  readonly worker: string | null;
  /** What the worker said last; for the log. */
  readonly message: string | null;
}

/** A machine that its worker did not bring to run, after which another one was asked for. */
export interface ClusterMachineMiss extends Pick<ClusterMachineView, 'worker' | 'message'> {
  /** `failed`: the worker said so; `notMade`: it said nothing until the deadline. */
  readonly why: 'failed' | 'notMade';
}

/** How a machine of a cluster ended, or why nobody waits for it any more. */
export interface ClusterMachineEnd extends Pick<ClusterMachineView, 'worker' | 'message'> {
  /**
   * `refused`: the controller does not make it; `taken`: it has a machine of that name already; `notAssigned`, `notMade`,
   * `unanswered`: the deadline of a stage, or of the controller's silence; `unwanted`: its owner gave it up.
   */
  readonly why:
    | 'refused'
    | 'taken'
    | 'failed'
    | 'gone'
    | 'notAssigned'
    | 'notMade'
    | 'unanswered'
    | 'unwanted';
  /** Those that were tried before this one, in order. */
  readonly missed: readonly ClusterMachineMiss[];
}

/** What the hosts of a cluster have for the machines of one daemon. */
export interface ClusterRoom {
  /** Machines of ours that can run at the same time, those that run now included. */
  readonly slots: number;
  /** How that comes about, for the operator: which hosts count, and which do not. */
  readonly account: string;
}

/** What cluster-capacity tells its owner. */
export type ClusterReport =
  | ({ type: 'capacity.changed' } & ClusterRoom)
  /** The controller has said nothing for a while: what it said last counts on. */
  | { type: 'capacity.stale' }
  | { type: 'capacity.restored' };

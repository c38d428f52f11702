/** How far one machine of a cluster is, as its controller tells. */
export interface ClusterMachineView {
  /**
   * `queued`: no worker has it; `cloning`: one has it, and makes it; `running`: it was started there; `failed`: it has
   * ended, and will not come back; `gone`: the controller has no such machine, or another one under its name.
   */
  readonly stage: 'queued' | 'cloning' | 'running' | 'failed' | 'gone';
  /** Name of its worker. */
  readonly worker: string | null;
  /** What the worker said last; for the log. */
  readonly message: string | null;
}

/** How a machine of a cluster ended, or why nobody waits for it any more. */
export interface ClusterMachineEnd extends Pick<ClusterMachineView, 'worker' | 'message'> {
  /** `notAssigned`, `notMade`, `unanswered`: the deadline of a stage, or of the controller's silence. */
  readonly why: 'failed' | 'gone' | 'notAssigned' | 'notMade' | 'unanswered';
}

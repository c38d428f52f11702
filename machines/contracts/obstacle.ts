/** What stands in the way of every job of this worker, until the operator, or time, has taken it away. */
export interface Obstacle {
  /**
   * `state`: the state directory cannot be written; `signatures`: nothing can be entered in the account of signatures;
   * `disk`: full; `cluster`: our account is refused.
   */
  readonly about: 'state' | 'signatures' | 'disk' | 'cluster';
  /** Three sentences for the operator. */
  readonly summary: string;
  readonly reason: string;
  readonly nextStep: string;
}

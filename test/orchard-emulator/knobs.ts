/** One request of the API, for the knobs that tell requests apart. */
export interface ApiCall {
  readonly method: string;
  /** Without the `/v1`. */
  readonly path: string;
}

/** What goes wrong with one request. */
export type ApiFault =
  /** Answered with this status, and nothing done. */
  | { readonly status: number }
  /** Done, and the connection closed instead of an answer. */
  | 'lost'
  /** Not done, and the connection closed. */
  | 'reset'
  /** Not done, and never answered. */
  | 'silent'
  /** The connection closed at once, and done some time after that. */
  | 'late'
  /** Done and answered some time after it came, whether or not somebody still waits for the answer. */
  | 'delayed'
  /** Done, and answered some time after that. */
  | 'slow';

/** What tests set, at any time. */
export interface Knobs {
  /** Ticks of a worker from the sight of a machine to `running`. */
  cloneTicks: number;
  /** Ticks of a worker from `running` to an SSH server that answers. */
  bootTicks: number;
  /** Ticks without a heartbeat after which a worker counts as lost: 36 are three minutes. */
  offlineTicks: number;
  /** What a worker says of a machine that it cannot make or start, e.g. `failed to clone the VM: …`. */
  failsWith?: ((worker: string) => string | undefined) | undefined;
  /** What a worker says of a machine that it has reported as running already, in its next sync. */
  failsAfterwards?: ((worker: string) => string | undefined) | undefined;
  /** Its first answers win; asked once for each request. */
  fault?: ((call: ApiCall) => ApiFault | undefined) | undefined;
  /** Tunnels end without a farewell after so many bytes from the guest. */
  dropAfterBytes?: number | undefined;
  /** Sizes of the messages that a tunnel cuts the guest's bytes into, in turn. */
  chunkBytes: readonly number[];
  /** A tunnel opens to something else than the machine: this port of the loopback. */
  divertTo?: number | undefined;
  /** What the controller says of itself. */
  version: string;
  capabilities: readonly string[];
  /** What comes late comes after so many milliseconds. */
  lateMs: number;
  /** A second of the `wait` of a tunnel. */
  secondMs: number;
}

export const defaultKnobs: Knobs = {
  cloneTicks: 1,
  bootTicks: 0,
  offlineTicks: 36,
  chunkBytes: [1, 7, 4_096, 65_536],
  lateMs: 200,
  secondMs: 100,
  version: '0.55.0-emulated',
  capabilities: ['rpc-v1', 'vm-state-endpoint', 'rpc-v2'],
};

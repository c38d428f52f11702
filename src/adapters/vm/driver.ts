import type { ClusterRoom } from '../../../machines/contracts/cluster.ts';
import type { VmDriverKind } from '../../domain/vm-driver.ts';
import type { GuestAddress, GuestSession } from '../guest/guest.ts';

export interface VmCallOptions {
  readonly signal: AbortSignal;
}

export interface VmRunOptions extends VmCallOptions {
  /** Called once, when the process that is the machine has been started. */
  readonly onStarted: () => void;
}

/** A remark for the operator's log; `facts` may hold what tools said. */
export type Note = (level: 'warn' | 'error', text: string, facts?: Readonly<Record<string, unknown>>) => void;

/** How a machine ended, in plain words and nothing that it said; one that was asked to stop is `expected`. */
export interface VmExit {
  readonly expected: boolean;
  readonly reason: string;
  /** The guest has shut itself down; left out where that cannot be told. */
  readonly inOrder?: boolean;
}

/** What the guests of a driver reach by themselves. */
export interface GuestReach {
  /**
   * `none`: the machine has no way out; `blocked`: a packet filter of this host stops everything but traffic with the host;
   * `shared`: what this host reaches; `host`: the same, because the guest is this host.
   */
  readonly network: 'none' | 'blocked' | 'shared' | 'host';
  /** What the operator does for the guests to reach less, as a sentence; left out where `PERRY_GUEST_NETWORK` holds. */
  readonly fix?: string;
}

/** What runs the processors of the guests. */
export interface GuestProcessor {
  /** `host`: the processor of this host, at its speed; `emulated`: a program, many times slower. */
  readonly kind: 'host' | 'emulated';
  /** Why it is emulated, and what the operator can do about it, as sentences. */
  readonly obstacle?: { readonly reason: string; readonly fix: string };
}

/** What is known of a golden image, as it is now; null for what is not. */
export interface ImageIdentity {
  /** Of the disk of the image. */
  readonly sha256Hex: string | null;
  /** ISO 8601. */
  readonly builtAt: string | null;
  /** Its system, or the image that it was made from. */
  readonly madeOf: string | null;
  /** Version of the rcodesign in it. */
  readonly rcodesign: string | null;
}

/**
 * What a kind of virtual machine must be able to do; everything else (deadlines, retries, order) is decided by
 * the statecharts. Every call takes an `AbortSignal`, rejects with its reason, and leaves no process behind.
 */
export interface VmDriver {
  readonly kind: VmDriverKind;
  /** False when the guest shares the host's kernel and files: development only, said at start. */
  readonly isolates: boolean;
  /** The way into a guest leads through others, which may fail while the machine lives on: it can be entered again. */
  readonly outlivesConnections?: true;
  /** How often each host has not brought a machine to run of late; left out where this host is the only one. */
  failingHosts?(): Readonly<Record<string, number>>;
  /** Asked once at start: whether machines can be made from this image at all, and if not, what the operator does. */
  checkHost?(image: string, options: VmCallOptions): Promise<void>;
  /**
   * Asked now and then: whether whoever makes the machines lets this daemon make any. Left out where this host makes them.
   *
   * @throws ShipError CLUSTER_REFUSED · CLUSTER_CERTIFICATE_REFUSED · what else keeps an answer away
   */
  checkAccount?(options: VmCallOptions): Promise<void>;
  /** Asked at start, and by doctor. Makes no machine. */
  reach(options: VmCallOptions): Promise<GuestReach>;
  /** Asked at start, and by doctor, of a host that has been checked; left out where guests always run on the host's. */
  processor?(image: string, options: VmCallOptions): Promise<GuestProcessor>;
  /** For the account of signatures; left out where a host knows nothing but the name. */
  describeImage?(image: string, options: VmCallOptions): Promise<ImageIdentity>;
  /** How many machines of this daemon there is room for; left out where that does not change. */
  room?(options: VmCallOptions): Promise<ClusterRoom>;
  /** Makes `name` from the golden image. */
  clone(image: string, name: string, options: VmCallOptions): Promise<void>;
  /** Boots the machine; the promise lives as long as the machine does. Aborting powers it off at once. */
  run(name: string, options: VmRunOptions): Promise<VmExit>;
  /** One question where the guest answers; waits or rejects with VM_NOT_LOCATED while it is not known yet. */
  locate(name: string, options: VmCallOptions): Promise<GuestAddress>;
  /** One attempt to connect, with the host key pinned. */
  openGuest(address: GuestAddress, options: VmCallOptions): Promise<GuestSession>;
  /** Asks the machine to power off and waits until it has; a machine that is not running is no error. */
  stop(name: string, options: VmCallOptions): Promise<void>;
  /** Removes the clone; one that is already gone is no error. */
  delete(name: string, options: VmCallOptions): Promise<void>;
  /** Names of all clones of this daemon's making that exist, running or not; never anybody else's. */
  list(options: VmCallOptions): Promise<readonly string[]>;
}

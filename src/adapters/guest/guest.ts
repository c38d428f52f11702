import type { Duplex, Readable, Writable } from 'node:stream';
import type { TlsTrust } from '../http/tls-trust.ts';

/** Where a guest answers, as its driver knows it. */
export interface GuestAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** SHA-256 of the host key (`SHA256:<base64 without padding>`, as `ssh-keygen -l` prints it); empty when none is known. */
  readonly hostKeyFingerprint: string;
  /** Name of the machine that should answer there, for a driver that can prove it. */
  readonly machine?: string;
}

/** Secret. */
export type GuestCredentials = { readonly privateKey: string } | { readonly password: string };

/** A WebSocket that leads to the SSH port of a guest; plain data. Holds a secret. */
export interface GuestTunnel extends TlsTrust {
  /** `wss://…` or `ws://…`. */
  readonly url: string;
  readonly user: string;
  /** Secret; sent with the user as HTTP Basic. */
  readonly token: string;
}

/** All that another process of ours needs to log into the same guest; plain data. Holds a secret. */
export interface GuestAccess {
  /** With the fingerprint of the host key that the guest has presented. */
  readonly address: GuestAddress;
  readonly credentials: GuestCredentials;
  /** The way there, where the address alone is none. */
  readonly tunnel?: GuestTunnel;
}

export interface GuestExecOptions {
  /** Aborting closes the channel and kills the remote process; rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Streamed to the remote stdin with back-pressure, then closed; left out, stdin is closed at once. */
  readonly stdin?: Readable | Uint8Array | string;
  /** Remote stdout goes there with back-pressure; left out, it is collected (1 MiB at most). */
  readonly stdout?: Writable;
  readonly onStderrLine?: (line: string) => void;
}

export interface GuestExecResult {
  /** Exit code of the remote command; `null` when it ended by a signal. */
  readonly exitCode: number | null;
  readonly stdout: string;
  /** The last 64 KiB. */
  readonly stderr: string;
}

export interface GuestListenOptions {
  /** For the request to listen alone; a port that is open lives until it is closed, or the session ends. */
  readonly signal: AbortSignal;
  /** How many may be open at a time; others are refused. */
  readonly maxConnections: number;
  /**
   * Gets each connection. The guest is hostile: it may send anything, nothing, or never close. Who has destroyed a
   * connection must also `resume` it: it counts as open until it was read to its end.
   */
  readonly onConnection: (connection: Duplex) => void;
}

export interface GuestPort {
  /** On 127.0.0.1 in the guest. */
  readonly port: number;
  /** Takes no more connections, and ends those that are open. */
  close(): void;
}

/** One authenticated connection into one guest. A lost connection rejects what is under way. */
export interface GuestSession {
  /** `command` is one POSIX shell line: build it with `shellCommand` so that every word is quoted. */
  exec(command: string, options?: GuestExecOptions): Promise<GuestExecResult>;
  /**
   * Opens a port on the loopback of the guest, chosen by the guest, that leads to us and nowhere else.
   *
   * @throws ShipError GUEST_FORWARD_REFUSED · GUEST_LOST · the signal's reason
   */
  listen(options: GuestListenOptions): Promise<GuestPort>;
  /** Resolves, never rejects, when the connection has ended, with the reason in plain words. */
  readonly closed: Promise<string>;
  close(): Promise<void>;
  /** The way in for another process; left out where no other one can go it. */
  access?(): GuestAccess;
}

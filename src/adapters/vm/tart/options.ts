import type { GuestNetwork } from '../../../domain/vm-driver.ts';
import type { Note } from '../driver.ts';

/** How the daemon logs into its guests. */
export interface TartSshOptions {
  readonly user: string;
  /** Used when there is no key file; secret. */
  readonly password: string;
  /** Path of a private key without a passphrase. */
  readonly keyFile?: string | undefined;
  readonly port: number;
  /** `SHA256:…` of the host key that all clones of the golden image have; left out, machines are proven by a nonce. */
  readonly hostKey?: string | undefined;
}

export interface TartDriverOptions {
  /** Identity of the daemon, as in its clones' names. */
  readonly instance: string;
  /** A name to be found on PATH, or an absolute path. */
  readonly binary: string;
  /** Where `tart` looks for programs; PATH and Homebrew's folders when left out. */
  readonly path?: string;
  /** TART_HOME; `~/.tart` when left out. */
  readonly home?: string | undefined;
  readonly ssh: TartSshOptions;
  /** Below this much free space nothing is cloned; 10^9 bytes each. */
  readonly minFreeDiskGb: number;
  readonly note: Note;
  readonly guestNetwork: GuestNetwork;
  /** From the first SIGINT to SIGKILL, 5 s when left out. */
  readonly stopGraceMs?: number | undefined;
}

export const DEFAULT_STOP_GRACE_MS = 5_000;

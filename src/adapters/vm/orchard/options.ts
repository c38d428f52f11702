import type { GuestNetwork } from '../../../domain/vm-driver.ts';
import type { Note } from '../driver.ts';
import type { TartSshOptions } from '../tart/options.ts';
import type { FollowMachine, ShareQuestion } from './follow.ts';

/** What the configuration says of a cluster. */
export interface OrchardSettings {
  /** Of the controller, e.g. `https://orchard.example.com:6120`. */
  readonly url: string;
  readonly serviceAccount: string;
  /** Secret. */
  readonly token: string;
  /** Certificates to trust instead of the system's, PEM; the controller's own, when it made it itself. */
  readonly ca?: string | undefined;
  /** SHA-256 of the controller's certificate, as `AB:CD:…`: no other one is trusted. */
  readonly fingerprint?: string | undefined;
  /** A worker must have all of them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of each machine; what its worker gives when left out. */
  readonly cpus?: number | undefined;
  /** 2^20 bytes. */
  readonly memoryMb?: number | undefined;
  readonly os: 'darwin' | 'linux';
  readonly arch: 'arm64' | 'amd64';
  readonly runtime: 'tart' | 'vetu';
  /** Into the guests of the image; the host key is what all its clones have, and must be pinned. */
  readonly ssh: TartSshOptions;
}

export interface OrchardDriverOptions extends OrchardSettings {
  /** Identity of the daemon, as in its machines' names. */
  readonly instance: string;
  readonly note: Note;
  readonly guestNetwork: GuestNetwork;
  readonly follow: FollowMachine;
  readonly share: ShareQuestion;
}

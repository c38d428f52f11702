import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import type { GuestPorts } from './listen.ts';

/** One SSH connection: ssh2's client, the socket under it, and how it ended. */
export interface SshConnection {
  readonly client: Client;
  readonly socket: Duplex;
  readonly closed: Promise<string>;
  readonly ports: GuestPorts;
}

import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';

/** Takes or refuses one connection to a port of the guest. */
type TakeConnection = (accept: () => ClientChannel, reject: () => void) => void;
/** By number, the ports of the guest whose connections come to us. */
export type GuestPorts = Map<number, TakeConnection>;

/** One SSH connection: ssh2's client, the socket under it, and how it ended. */
export interface SshConnection {
  readonly client: Client;
  readonly socket: Duplex;
  readonly closed: Promise<string>;
  readonly ports: GuestPorts;
}

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A TCP port that can be shut and opened again without losing its number. */
export class Listener {
  readonly #create: () => Server;
  readonly #host: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port: number;

  constructor(create: () => Server, host: string, port: number) {
    this.#create = create;
    this.#host = host;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  get sockets(): ReadonlySet<Socket> {
    return this.#sockets;
  }

  async open(): Promise<void> {
    if (this.#server) return;
    const server = this.#create();
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.listen(this.#port, this.#host);
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** New connections are refused from now on; open ones stay. */
  shut(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Shuts the port and ends every connection. */
  async stop(): Promise<void> {
    this.shut();
    const ends = [...this.#sockets].map((socket) => once(socket, 'close'));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(ends);
  }
}

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** No deadline for a request: a large artifact on a slow line takes its time. */
export const httpListener = (onRequest: RequestListener, host: string, port: number): Listener =>
  new Listener(() => createServer({ requestTimeout: 0 }, onRequest), host, port);

export const upgradeListener = (onUpgrade: UpgradeListener, host: string, port: number): Listener =>
  new Listener(() => createServer().on('upgrade', onUpgrade), host, port);

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { accountOf, require } from './api.ts';
import type { Cluster } from './cluster.ts';
import { Refusal, type Vm } from './resources.ts';

const ATTEMPT_MS = 10;
const UNSUPPORTED_DATA = 1003;

interface Dialled {
  readonly guest: Duplex;
  readonly worker: string;
}

/**
 * The connection that a tunnel is to carry; it exists before the WebSocket is accepted.
 *
 * @throws Refusal 400 · 401 · 404 · 408 · 417 · 500, as 0.55.0 refuses to upgrade
 */
export async function dial(cluster: Cluster, request: IncomingMessage, url: URL): Promise<Dialled> {
  const [port, wait] = [whole(url, 'port', 0), whole(url, 'wait', 10)];
  if (port < 1 || port > 65_535 || wait < 0 || wait > 65_535) throw new Refusal(400);
  require(accountOf(cluster, request), ['compute:write', 'compute:connect'], 'any');
  const name = decodeURIComponent(url.pathname.split('/')[3] ?? '');
  const { uid } = cluster.read(name);
  const deadline = Date.now() + wait * cluster.knobs.secondMs;
  for (;;) {
    const vm = cluster.read(name);
    if (vm.uid !== uid) throw new Refusal(404);
    if (vm.status === 'failed') throw new Refusal(417, "VM is in a terminal state 'failed'");
    const socket = vm.status === 'running' ? await cluster.workerOf(vm)?.dial(vm.uid, port) : undefined;
    if (socket) return { guest: socket, worker: vm.worker ?? '' };
    if (Date.now() >= deadline) throw tooLate(vm);
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_MS));
  }
}

const whole = (url: URL, name: string, otherwise: number): number => {
  const text = url.searchParams.get(name);
  if (text === null) return otherwise;
  return /^\d{1,6}$/.test(text) ? Number(text) : -1;
};

const tooLate = ({ status, worker = '' }: Vm): Refusal =>
  status === 'pending' ? new Refusal(408, `VM is not running on '${worker}' worker`) : new Refusal(500);

/** Bytes both ways, cut anyhow; text where the client has not said who it is. */
export function carry(cluster: Cluster, socket: Duplex, tunnel: WebSocket, isAnonymous: boolean): void {
  const { knobs } = cluster;
  let [sent, turn] = [0, 0];
  socket.on('data', (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; ) {
      const size = knobs.chunkBytes[turn++ % knobs.chunkBytes.length] ?? bytes.length;
      tunnel.send(bytes.subarray(at, at + size), { binary: !isAnonymous });
      at += size;
    }
    sent += bytes.length;
    if (knobs.dropAfterBytes !== undefined && sent >= knobs.dropAfterBytes) tunnel.terminate();
    // back-pressure, as the copying loop of the controller has it
    if (tunnel.bufferedAmount > 1 << 20) socket.pause();
    tunnel.ping(undefined, undefined, () => socket.resume());
  });
  tunnel.on('message', (data, isBinary) => {
    if (isBinary) socket.write(data as Buffer);
    else tunnel.close(UNSUPPORTED_DATA);
  });
  // an end of any kind is a 1000 without words
  socket.on('error', () => {}).once('close', () => tunnel.close(1000));
  tunnel.on('error', () => {}).once('close', () => socket.destroy());
}

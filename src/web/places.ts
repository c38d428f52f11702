import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Limits how many connections ask for something at a time. When all places are taken, a new one gets the place of the
 * connection that has asked for nothing for the longest time: whoever holds many open keeps nobody else out. Only when
 * all of them wait for an answer, the one that has waited longest has to go. WebSockets have limits of their own.
 */
export function keepPlaces(http: Server, most: number): void {
  const resting = new Set<Socket>();
  const answered = new Set<Socket>();
  const leave = (socket: Socket) => {
    resting.delete(socket);
    answered.delete(socket);
  };
  const move = (socket: Socket, to: Set<Socket>) => {
    leave(socket);
    if (!socket.destroyed) to.add(socket);
  };
  http.on('connection', (socket: Socket) => {
    socket.once('close', () => leave(socket));
    if (resting.size + answered.size >= most) {
      const [longest] = resting.size > 0 ? resting : answered;
      longest?.destroy();
      if (longest) leave(longest);
    }
    move(socket, resting);
  });
  http.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    move(socket, answered);
    response.once('close', () => move(socket, resting));
  });
  http.on('upgrade', ({ socket }: IncomingMessage) => leave(socket));
}

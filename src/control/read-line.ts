import type { Socket } from 'node:net';

/**
 * The first line that arrives, without its end; what comes after it is not read.
 *
 * @throws Error when the line is longer than `maxBytes`, or the connection ends before it; the signal's reason
 */
export async function readLine(socket: Socket, maxBytes: number, signal: AbortSignal): Promise<string> {
  const stop = () => socket.destroy(signal.reason as Error);
  signal.throwIfAborted();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await firstLine(socket, maxBytes);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function firstLine(socket: Socket, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const end = chunk.indexOf(0x0a);
    const part = end < 0 ? chunk : chunk.subarray(0, end);
    size += part.length;
    if (size > maxBytes) throw new Error(`the line is longer than ${maxBytes} bytes`);
    parts.push(part);
    if (end >= 0) return Buffer.concat(parts).toString('utf8');
  }
  throw new Error('the connection ended before the line did');
}

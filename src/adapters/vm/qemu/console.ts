import type { Duplex } from 'node:stream';
import { lineSplitter, Tail } from '../../guest/ssh/collect.ts';

/** What the guest says once its SSH server takes connections. */
const LISTENING = 'perry-ship: listening';
const MAX_TAIL_BYTES = 4 * 1024;

export interface GuestConsole {
  /** The guest says that it listens, or its console has closed. Never rejects. */
  readonly listening: Promise<boolean>;
  /** The end of what it said; for the log alone. */
  tail(): string;
}

/**
 * The serial console of a guest: anything may come, for ever. Only its end is kept; that it claims to listen is worth
 * a question where, and who answers there must prove who he is.
 */
export function watchConsole(serial: Duplex): GuestConsole {
  const tail = new Tail(MAX_TAIL_BYTES);
  const listening = new Promise<boolean>((resolve) => {
    const lines = lineSplitter((line) => {
      if (!line.includes(LISTENING)) return;
      serial.off('data', lines.add);
      resolve(true);
    });
    serial.on('data', lines.add).once('close', () => resolve(false));
  });
  serial.on('data', (chunk: Buffer) => tail.add(chunk));
  return { listening, tail: () => tail.toString().trim() };
}

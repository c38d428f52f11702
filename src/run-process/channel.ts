import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { CHANNEL_FD } from '../adapters/process/with-channel.ts';
import { encodeFrame, FrameReader } from '../run/channel/frames.ts';
import { type FromRun, MAX_FROM_RUN_BYTES, MAX_TO_RUN_BYTES, type ToRun } from '../run/channel/messages.ts';

const STDERR_FD = 2;

interface ChannelOptions {
  readonly hear: (message: ToRun) => void;
  /** Hides what is secret in the text of an error that nobody caught. */
  readonly redact: (text: string) => string;
}

/** Opens the channel to the process that has started this one, which ends when the channel breaks. */
export function openChannel({ hear, redact }: ChannelOptions): (message: FromRun) => void {
  const channel = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });
  const frames = new FrameReader(MAX_TO_RUN_BYTES, (message) => hear(message as ToRun));
  channel.on('data', (chunk) => frames.push(chunk));
  for (const event of ['end', 'close', 'error']) channel.on(event, () => process.exit(0));
  // stderr is read on the other side: what is secret must not get there with the text of an error
  for (const event of ['uncaughtException', 'unhandledRejection'])
    process.on(event, (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      writeSync(STDERR_FD, redact(text));
      process.exit(1);
    });
  return (message) => {
    const frame = encodeFrame(message);
    if (frame.length > MAX_FROM_RUN_BYTES) throw new Error(`a message of ${frame.length} bytes is too long`);
    channel.write(frame);
  };
}

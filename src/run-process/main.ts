/**
 * The process of one run. It is started before there is a job, is given one, does its steps, and ends when the channel
 * to the daemon breaks, however the daemon ends.
 */
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { CHANNEL_FD } from '../adapters/process/with-channel.ts';
import { encodeFrame, FrameReader } from '../run/channel/frames.ts';
import { type FromRun, MAX_FROM_RUN_BYTES, MAX_TO_RUN_BYTES, type ToRun } from '../run/channel/messages.ts';
import { RunServer } from '../run/room/run-server.ts';
import { stepsFor } from './steps-for.ts';

const STDERR_FD = 2;

const channel = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });
const server = new RunServer({
  say,
  stepsFor: (setup) => {
    // what a library puts aside goes with the run
    process.env.TMPDIR = setup.folders.run;
    return stepsFor(setup);
  },
});
const frames = new FrameReader(MAX_TO_RUN_BYTES, (message) => server.hear(message as ToRun));

channel.on('data', (chunk) => frames.push(chunk));
for (const event of ['end', 'close', 'error']) channel.on(event, () => process.exit(0));
// stderr is read by the daemon: what is secret must not get there with the text of an error
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error: unknown) => {
    writeSync(
      STDERR_FD,
      server.redact(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    process.exit(1);
  });
say({ type: 'ready' });

function say(message: FromRun): void {
  const frame = encodeFrame(message);
  if (frame.length <= MAX_FROM_RUN_BYTES) channel.write(frame);
  else throw new Error(`a message of ${frame.length} bytes is too long for the daemon`);
}

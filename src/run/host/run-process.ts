import type { Readable } from 'node:stream';
import { Tail } from '../../adapters/guest/ssh/collect.ts';
import type { ProcessEnd } from '../../adapters/process/process-end.ts';
import { residentBytes } from '../../adapters/process/resident.ts';
import { type ChannelledProcess, spawnWithChannel } from '../../adapters/process/with-channel.ts';
import { builtProgram } from '../../built-program.ts';
import { contained } from '../../contained.ts';
import { ShipError } from '../../errors.ts';
import { encodeFrame, FrameReader } from '../channel/frames.ts';
import type { RunProcessLimits } from './limits.ts';
import type { EndCause, RunEnd, RunLink } from './link.ts';
import { Receiver } from './receiver.ts';

/**
 * Of the space for new objects, of which there are two. A small one is cleared often, and with it go the buffers that
 * its objects hold: most of what a run takes up.
 */
const SEMI_SPACE_MIB = 2;
/**
 * By how much the heap may grow, buffers included, before all of it is looked through. V8 takes some 12 MiB for a small
 * heap, which come and go more than a hundred times in the life of a bundle of 300 MB: half of the work of its download.
 */
const HEAP_GROWING_PERCENT = 100;
/** Only looked at to tell why it ended. */
const MAX_STDERR_BYTES = 8 * 1024;
/** What it has not read yet; a run that reads nothing is not kept for ever. */
const MAX_UNREAD_BYTES = 128 * 1024 * 1024;

/**
 * Starts a process that can hold a run.
 *
 * @param program - path of the JavaScript that it runs
 * @throws ShipError COMMAND_NOT_FOUND when its program is missing
 */
export function startRunProcess(limits: RunProcessLimits, program = programOf('main')): RunLink {
  const heap = [
    `--max-old-space-size=${limits.heapMib}`,
    `--max-semi-space-size=${SEMI_SPACE_MIB}`,
    `--heap-growing-percent=${HEAP_GROWING_PERCENT}`,
  ];
  const child = spawnWithChannel(program, heap);
  const stderr = tailOf(child.stderr);
  let asked: EndCause | undefined;
  const end = (cause: EndCause): void => {
    asked ??= cause;
    child.kill();
  };
  const receiver = new Receiver(limits, end);
  readFrom(child, { receiver, isOver: () => asked !== undefined, end, maxBytes: limits.messageBytes });
  return {
    pid: child.pid,
    listen: (listener) => receiver.listen(contained(listener, () => end('garbled'))),
    send: (message) => {
      if (asked !== undefined || child.channel.destroyed) return;
      child.channel.write(encodeFrame(message));
      if (child.channel.writableLength > MAX_UNREAD_BYTES) end('unresponsive');
    },
    end,
    ended: child.closed.then((status) => {
      child.channel.destroy();
      return {
        cause: asked ?? causeOf(status, stderr.toString()),
        detail: { ...status, stderr: stderr.toString() },
      };
    }),
    residentBytes: (signal) => residentBytes(child.pid, signal),
  };
}

interface Reading {
  readonly receiver: Receiver;
  readonly isOver: () => boolean;
  readonly end: (cause: EndCause) => void;
  /** Of one message. */
  readonly maxBytes: number;
}

/** What comes after the end was decided is of no interest, and may be more than can be looked at. */
function readFrom({ channel }: ChannelledProcess, { receiver, isOver, end, maxBytes }: Reading): void {
  const frames = new FrameReader(maxBytes, (message) => {
    if (!isOver()) receiver.receive(message);
  });
  const take = (chunk: Buffer): void => {
    if (isOver()) return;
    receiver.countBytes(chunk.length);
    frames.push(chunk);
  };
  channel.on(
    'data',
    contained(take, () => end('garbled')),
  );
  // the end of the process says more
  channel.on('error', () => {});
}

function tailOf(stream: Readable): Tail {
  const tail = new Tail(MAX_STDERR_BYTES);
  stream.on('data', (chunk: Buffer) => tail.add(chunk));
  stream.on('error', () => {});
  return tail;
}

/** V8 says so before it ends the process. */
const OUT_OF_MEMORY = /heap out of memory|Array buffer allocation failed|ERR_WORKER_OUT_OF_MEMORY/;
/** Signals that a process gets by its own doing. */
const BY_ITSELF: readonly (NodeJS.Signals | null)[] = [
  null,
  'SIGABRT',
  'SIGSEGV',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
  'SIGSYS',
];

/** @param stderr - the last of what it said */
export function causeOf({ signal }: ProcessEnd, stderr: string): RunEnd['cause'] {
  if (!BY_ITSELF.includes(signal)) return 'killed';
  return OUT_OF_MEMORY.test(stderr) ? 'memory' : 'crash';
}

/** Starts a process that answers a command. @throws ShipError COMMAND_NOT_FOUND */
export const startInquiryProcess = (limits: RunProcessLimits): RunLink =>
  startRunProcess(limits, programOf('inquiry-main'));

function programOf(name: 'main' | 'inquiry-main'): string {
  const found = builtProgram(`run-process/${name}`);
  if (found !== undefined) return found;
  throw new ShipError('COMMAND_NOT_FOUND', {
    summary: 'The process that reads and signs could not be started.',
    reason: 'Its program has not been built.',
    nextStep: 'Run "npm run build" in the folder of perry-ship.',
  });
}

import { spawn } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { baseEnvironment } from './environment.ts';
import { rememberLiving } from './living.ts';
import { endAt, notStarted, type ProcessEnd, signalGroup } from './process-end.ts';
import { createReaper } from './reaper.ts';

/** Number of the one file that such a process inherits, beside its stderr. */
export const CHANNEL_FD = 3;

/** A process of our own programs, leader of a group of its own, that we talk with over one socket. */
export interface ChannelledProcess {
  readonly pid: number;
  readonly channel: Duplex;
  readonly stderr: Readable;
  /** It has ended, and so has everything that inherited its output. Never rejects. */
  readonly closed: Promise<ProcessEnd>;
  /** SIGKILL to its whole group. */
  kill(): void;
}

/** It ends with us, however we end. */
const reaper = createReaper();

/** No core file may hold what is in its memory; the shell is gone when the program begins. */
const WITHOUT_CORE_FILES = ['-c', 'ulimit -c 0; exec "$0" "$@"'];

/**
 * The allocator of Linux (mallopt(3)) gives blocks from this size on back to the system as soon as they are free. It
 * would raise that by itself, and keep what streams have let go: 20 to 40 MiB of a run with a large bundle. The new
 * pages cost a tenth of the processor time of such a job.
 */
const LARGE_BLOCK_BYTES = '131072';
const ALLOCATOR = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: LARGE_BLOCK_BYTES,
  MALLOC_TRIM_THRESHOLD_: LARGE_BLOCK_BYTES,
};

/**
 * Starts one of our own programs. It inherits stderr and the channel, and of our environment only what every program
 * needs and how this host verifies TLS.
 *
 * @param nodeArgs - for Node itself, before the program
 * @throws ShipError COMMAND_NOT_FOUND when it cannot be started
 */
export function spawnWithChannel(program: string, nodeArgs: readonly string[]): ChannelledProcess {
  const child = spawn('/bin/sh', [...WITHOUT_CORE_FILES, process.execPath, ...nodeArgs, program], {
    cwd: '/',
    env: { ...baseEnvironment(['TZ', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR']), ...ALLOCATOR },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // Said a moment after a start that failed, which has no pid.
  child.on('error', () => {});
  const { pid, stderr } = child;
  const channel = child.stdio[CHANNEL_FD] as Duplex | null | undefined;
  if (pid === undefined || !stderr || !channel) throw notStarted(process.execPath);
  const kill = () => signalGroup(pid, 'SIGKILL');
  const exited = endAt(child, 'exit');
  const watched = { pid, exited, signalGroup: (signal: NodeJS.Signals) => signalGroup(pid, signal) };
  rememberLiving(watched);
  reaper.watch(watched);
  return { pid, channel, stderr, closed: endAt(child, 'close'), kill };
}

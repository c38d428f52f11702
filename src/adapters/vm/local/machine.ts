import { delimiter } from 'node:path';
import type { Readable } from 'node:stream';
import { Tail } from '../../guest/ssh/collect.ts';
import { type LongLivedProcess, type ProcessEnd, spawnLongLived } from '../../process/long-lived.ts';
import { cloneLayout, GUEST_USER } from './layout.ts';
import { guestProgram } from './program.ts';

const SYSTEM_PATH = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const MAX_LOG_BYTES = 4 * 1024;

export interface MachineOptions {
  readonly toolDirs: readonly string[];
  readonly stopGraceMs?: number;
}

export interface LocalMachine {
  readonly process: LongLivedProcess;
  /** It listens, or has ended. Never rejects. */
  readonly announced: Promise<void>;
  /** The guest and everything that ran in it are gone. */
  readonly ended: Promise<LocalEnd>;
}

export interface LocalEnd {
  /** In plain words. */
  readonly reason: string;
  /** The last that it said on stderr; for the log alone, since it may name folders of this host. */
  readonly said: string;
}

/** Starts the process that is the machine. It dies with this daemon: its stdin breaks when we end. */
export function startMachine(cloneDir: string, { toolDirs, stopGraceMs }: MachineOptions): LocalMachine {
  const layout = cloneLayout(cloneDir);
  // The guest only moves bytes: a small heap keeps many of them cheap.
  const args = ['--max-old-space-size=64', '--max-semi-space-size=2', guestProgram(), cloneDir];
  const guest = spawnLongLived(process.execPath, args, {
    cwd: layout.home,
    ...(stopGraceMs !== undefined && { stopGraceMs }),
    env: {
      HOME: layout.home,
      TMPDIR: layout.temporary,
      PATH: [layout.bin, ...toolDirs, ...SYSTEM_PATH].join(delimiter),
      USER: GUEST_USER,
      LOGNAME: GUEST_USER,
      LANG: 'C.UTF-8',
    },
  });
  const announced = firstOutput(guest.stdout);
  const log = tailOf(guest.stderr);
  return {
    process: guest,
    announced,
    ended: guest.closed.then((end) => ({ reason: howItEnded(end), said: log.toString().trim() })),
  };
}

/** The guest says one line, when it listens. */
const firstOutput = (stdout: Readable): Promise<void> =>
  new Promise((resolve) => {
    stdout.once('data', () => resolve()).once('close', resolve);
    stdout.resume();
  });

function tailOf(stream: Readable): Tail {
  const tail = new Tail(MAX_LOG_BYTES);
  stream.on('data', (chunk: Buffer) => tail.add(chunk));
  return tail;
}

const howItEnded = ({ exitCode, signal }: ProcessEnd): string =>
  `the guest process ${signal ? `was ended by ${signal}` : `exited with code ${exitCode}`}`;

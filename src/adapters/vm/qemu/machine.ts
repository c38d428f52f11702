import type { Readable } from 'node:stream';
import { Tail } from '../../guest/ssh/collect.ts';
import { type LongLivedProcess, type ProcessEnd, spawnLongLived } from '../../process/long-lived.ts';
import type { Reaper } from '../../process/reaper.ts';
import { settlesWithin } from '../patience.ts';
import { type GuestConsole, watchConsole } from './console.ts';
import { type Ending, endingOf, processEnding } from './ending.ts';
import { createQmp, type Qmp } from './qmp.ts';

const MAX_STDERR_BYTES = 4 * 1024;
/** A guest without anything to save powers off in a second; three when its processor is emulated on a busy host. */
const POWER_OFF_GRACE_MS = 4_000;
const QUIT_GRACE_MS = 3_000;

export interface QemuStart {
  readonly program: string;
  readonly args: readonly string[];
  /** The folder of the clone. */
  readonly cwd: string;
}

/** How a machine ended; what was said is for the log alone. */
export interface QemuEnd extends ProcessEnd {
  readonly reason: string;
  /** The guest has shut itself down. */
  readonly inOrder: boolean;
  /** QEMU has begun to work: it had no objection to its arguments. */
  readonly hasStarted: boolean;
  readonly stderr: string;
  readonly console: string;
}

/** One QEMU process that this process started: it is the machine. */
export interface QemuMachine {
  readonly process: LongLivedProcess;
  readonly console: GuestConsole;
  readonly qmp: Qmp;
  /** Never rejects. */
  readonly ended: Promise<QemuEnd>;
  wasAskedToStop(): boolean;
  /** By the power button, then by order, then by force; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts a machine that dies with this daemon, however the daemon ends. */
export function startMachine({ program, args, cwd }: QemuStart, reaper: Reaper): QemuMachine {
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C' };
  const child = spawnLongLived(program, args, { cwd, env, hasExtraPipe: true });
  reaper.watch(child);
  const guestConsole = watchConsole(serialOf(child));
  const stderr = tailOf(child.stderr);
  const seen: { ending?: Ending | undefined; isListening?: boolean; stopping?: Promise<void> } = {};
  const kill = () => child.signalGroup('SIGKILL');
  const qmp = createQmp({
    input: child.stdin,
    output: child.stdout,
    onBroken: (error) => {
      stderr.add(Buffer.from(`\n${(error as Error).message}`));
      seen.ending ??= { reason: 'QEMU said what cannot be understood', isStuck: true };
      kill();
    },
    onEvent: (event, data) => {
      const ending = endingOf(event, data);
      seen.ending ??= ending;
      if (ending?.isStuck) kill();
    },
  });
  const started = qmp.execute('query-status').then(
    () => true,
    () => false,
  );
  void guestConsole.listening.then((isListening) => {
    seen.isListening = isListening;
  });
  return {
    ...{ process: child, console: guestConsole, qmp },
    wasAskedToStop: () => seen.stopping !== undefined,
    stop: () => {
      seen.stopping ??= powerOff(child, qmp, seen.isListening === true);
      return seen.stopping;
    },
    ended: child.closed.then(async (end) => ({
      ...end,
      reason: seen.ending?.reason ?? processEnding(end),
      inOrder: seen.ending?.isOrderly === true,
      hasStarted: await started,
      stderr: stderr.toString().trim(),
      console: guestConsole.tail(),
    })),
  };
}

/** A guest that has not come up listens to no power button. */
async function powerOff(child: LongLivedProcess, qmp: Qmp, isUp: boolean): Promise<void> {
  if (isUp) {
    qmp.execute('system_powerdown').catch(() => {});
    if (await settlesWithin(child.exited, POWER_OFF_GRACE_MS)) return;
  }
  qmp.execute('quit').catch(() => {});
  if (await settlesWithin(child.exited, QUIT_GRACE_MS)) return;
  child.signalGroup('SIGKILL');
  await child.exited;
}

function serialOf({ extraPipe }: LongLivedProcess) {
  if (!extraPipe) throw new Error('the process has no descriptor 3');
  return extraPipe;
}

function tailOf(stream: Readable): Tail {
  const tail = new Tail(MAX_STDERR_BYTES);
  stream.on('data', (chunk: Buffer) => tail.add(chunk));
  return tail;
}

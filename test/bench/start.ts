import { spawnSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.ts';
import { DaemonProcess } from './daemon-process.ts';
import { cpuTimesMs, residentBytes } from './processes.ts';
import { mebibytes, median, seconds, table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

const INTRODUCTION =
  '(f) CPU of a start, its children not counted: the daemon until it is linked to the hub and at rest, commands until they end';

interface Start {
  readonly cpuMs: number;
  readonly residentBytes?: number;
}

/** What it costs to start the programs, beside Node alone, and what a daemon holds that has nothing to do. */
export async function benchStart(room: BenchRoom, runs: number): Promise<void> {
  const command = (...args: string[]) =>
    startCommand(join(packageRoot(), 'dist/src/cli/perry-ship.js'), ...args);
  const rows = [
    ['start', 'least CPU', 'median', 'memory at rest', 'goal'],
    await rowOf('daemon', runs, '0.40 s', () => startDaemon(room)),
    await rowOf('perry-ship --help', runs, '0.20 s', () => command('--help')),
    await rowOf('perry-ship status', runs, '0.20 s', () => command('status', '--state-dir', room.folder)),
    await rowOf('node alone', runs, '', () => startCommand('-e', '0')),
  ];
  room.print(`${INTRODUCTION}\n\n${table(rows)}`);
}

async function rowOf(
  name: string,
  runs: number,
  goal: string,
  start: () => Promise<Start>,
): Promise<string[]> {
  const starts: Start[] = [];
  for (let run = 0; run < runs; run += 1) starts.push(await start());
  const times = starts.map((each) => each.cpuMs);
  const sizes = starts.flatMap(({ residentBytes: bytes }) => bytes ?? []);
  const memory = sizes.length === 0 ? '' : mebibytes(median(sizes));
  return [name, seconds(Math.min(...times)), seconds(median(times)), memory, goal];
}

async function startDaemon(room: BenchRoom): Promise<Start> {
  const stateDir = await mkdtemp(join(room.folder, 'start-'));
  const daemon = await DaemonProcess.start({ ...room, standby: 0, stateDir });
  const { own } = await cpuTimesMs(daemon.pid);
  const { now } = await residentBytes(daemon.pid);
  await daemon.stop();
  return { cpuMs: own, residentBytes: now };
}

/** Read from the usage of this process, because a command has ended before anybody could look. */
async function startCommand(...args: string[]): Promise<Start> {
  const { ofDescendants: before } = await cpuTimesMs(process.pid);
  const { PATH, HOME } = process.env;
  spawnSync(process.execPath, args, { stdio: 'ignore', env: { PATH, HOME } });
  return { cpuMs: (await cpuTimesMs(process.pid)).ofDescendants - before };
}

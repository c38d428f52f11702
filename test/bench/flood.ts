import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AskedProcess } from './asked-process.ts';
import { DaemonProcess } from './daemon-process.ts';
import { type Flood, type FloodAnswer, type FloodQuestion, floods } from './flood-messages.ts';
import { type LoopReport, LoopReports } from './loop-reports.ts';
import { cpuTimesMs, resetPeak, residentBytes } from './processes.ts';
import { mebibytes, seconds, table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

interface Sample extends FloodAnswer {
  readonly loop: LoopReport;
  readonly cpuMs: number;
  readonly extraBytes: number;
}

const INTRODUCTION =
  '(g) a hub that sends as fast as it can: how long the daemon is silent, and what it holds';
const HEADER = [
  'flood',
  'frames',
  'longest ping',
  'goal',
  'its CPU',
  'longest turn',
  'goal',
  'its CPU',
  'answered',
  'CPU',
  'extra memory',
  'goal',
];
const NOTES = [
  'longest ping: from a ping to its pong, with everything that was sent before it still to be read',
  'longest turn: of the event loop of the daemon, seen from within',
  'its CPU: what processors worked for the daemon at most in one of these; on a quiet machine that is the time it takes',
  'answered: until each job was either refused or had its place in the line; CPU: of the daemon alone, until then',
  'before: the daemon of the checkout that --before names, in turn with this one',
].join('\n');

/** What one hub that sends too much does to the daemon. */
export async function benchFloods(room: BenchRoom, isQuick: boolean): Promise<void> {
  const rows = [HEADER];
  const checkouts = room.before === undefined ? [undefined] : [room.before, undefined];
  for (const flood of Object.keys(floods) as Flood[]) {
    const count = floods[flood][isQuick ? 'quickCount' : 'count'];
    for (const checkout of checkouts) {
      const name = checkout === undefined ? flood : `${flood}, before`;
      rows.push(rowOf(name, count, await measure(room, flood, count, checkout)));
    }
  }
  room.print(`${INTRODUCTION}\n\n${table(rows)}\n\n${NOTES}`);
}

const rowOf = (name: string, count: number, sample: Sample): string[] => [
  name,
  String(count),
  seconds(sample.silence.longestMs),
  '<= 0.50 s',
  seconds(sample.silence.longestCpuMs),
  seconds(sample.loop.longestTurnMs),
  '<= 0.50 s',
  seconds(sample.loop.longestTurnCpuMs),
  seconds(sample.answeredMs),
  seconds(sample.cpuMs),
  mebibytes(sample.extraBytes),
  '<= 300 MiB',
];

async function measure(
  room: BenchRoom,
  flood: Flood,
  count: number,
  checkout: string | undefined,
): Promise<Sample> {
  const hub = await AskedProcess.start<{ webSocketUrl: string }, FloodQuestion>('flood-main.ts');
  const loop = new LoopReports();
  const daemon = await DaemonProcess.start({
    ...room,
    hub: { addresses: hub.greeting, untilWorker: () => hub.ask({ ask: 'untilWorker' }) },
    ...{ standby: 0, checkout, stateDir: await mkdtemp(join(room.folder, 'flood-')) },
    env: { PERRY_LOG_LEVEL: 'info' },
    nodeArgs: ['--import', fileURLToPath(new URL('loop-watch.mjs', import.meta.url))],
    onLine: (line) => loop.hear(line),
  });
  await loop.next(daemon.pid);
  await resetPeak(daemon.pid);
  const { now: idleBytes } = await residentBytes(daemon.pid);
  const { own: idleCpuMs } = await cpuTimesMs(daemon.pid);
  const answer = (await hub.ask({ ask: 'flood', flood, count, workerPid: daemon.pid })) as FloodAnswer;
  const { own } = await cpuTimesMs(daemon.pid);
  const report = await loop.next(daemon.pid);
  const { peak } = await residentBytes(daemon.pid);
  await hub.ask({ ask: 'cancelAll' });
  await daemon.stop();
  await hub.stop();
  return { ...answer, loop: report, cpuMs: own - idleCpuMs, extraBytes: peak - idleBytes };
}

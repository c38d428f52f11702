import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kind, makeBenchBundle } from './bundles.ts';
import { DaemonProcess } from './daemon-process.ts';
import { makeKit } from './jobs.ts';
import { childBytes, descendantBytes, resetPeak, residentBytes } from './processes.ts';
import { mebibytes, table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

/** Long enough for the garbage collector to have had its turn. */
const SETTLE_MS = 1_500;
const SAMPLE_MS = 50;

export interface MemoryCase {
  readonly kind: Kind;
  readonly megabytes: number;
}

/** (b) Peak resident memory of the daemon with two bundles at once, above what it has when it does nothing. */
export async function benchMemory(room: BenchRoom, cases: readonly MemoryCase[]): Promise<void> {
  const rows = [HEADER];
  for (const one of cases) rows.push(await measure(room, one));
  room.print(`${INTRODUCTION}\n\n${table(rows)}\n\n${NOTES}`);
}

const INTRODUCTION =
  '(b) peak resident memory of the daemon with two bundles at once; goals: <= 20 MiB above idle, a run <= 150 MiB';
const HEADER = [
  'jobs',
  'cold idle',
  'idle',
  'peak',
  'above idle',
  'goal',
  'above cold idle',
  'run, idle',
  'largest run',
  'goal',
  'guests, peak',
];
const NOTES = [
  'cold idle: started and linked; idle: after one job of 1 MB; peak: VmHWM of the daemon alone',
  'run, idle: the process of a run that stands by for a job',
  'largest run: VmHWM of the process of a run that had the most; none when runs have no process of their own',
  'guests: everything the daemon started (guest, tar, rcodesign, runs), at the same moment; the original takes 1,460 MB in all',
].join('\n');

async function measure(room: BenchRoom, { kind, megabytes }: MemoryCase): Promise<string[]> {
  const jobs = [await jobOf(room, kind, 1), await jobOf(room, kind, megabytes)] as const;
  const daemon = await DaemonProcess.start({
    ...room,
    standby: 2,
    stateDir: join(room.folder, 'memory-state'),
  });
  try {
    const coldIdle = await idleBytes(daemon);
    await room.hub.runJob(jobs[0]);
    await daemon.untilFinished(1);
    const idle = await idleBytes(daemon);
    const idleRuns = [...(await childBytes(daemon.pid, RUN_PROCESS)).values()].map(({ now }) => now);
    await resetPeak(daemon.pid);
    const { guests, run } = await peaksDuring(daemon, async () => {
      await Promise.all([room.hub.runJob(jobs[1]), room.hub.runJob(jobs[1])]);
      await daemon.untilFinished(3);
    });
    const { peak } = await residentBytes(daemon.pid);
    const numbers = [coldIdle, idle, peak, peak - idle].map(mebibytes);
    return [
      `${kind} 2 x ${megabytes} MB`,
      ...numbers,
      '<= 20 MiB',
      mebibytes(peak - coldIdle),
      idleRuns.length > 0 ? mebibytes(Math.max(...idleRuns)) : 'none',
      run > 0 ? mebibytes(run) : 'none',
      '<= 150 MiB',
      mebibytes(guests),
    ];
  } finally {
    await daemon.stop();
  }
}

async function jobOf({ folder }: BenchRoom, kind: Kind, megabytes: number) {
  const bundle = join(folder, `${kind}-${megabytes}`);
  await makeBenchBundle(kind, { megabytes }, bundle);
  const { manifest, credentials } = await makeKit(kind, join(folder, `kit-${kind}`));
  return { manifest, credentials, bundle };
}

async function idleBytes(daemon: DaemonProcess): Promise<number> {
  await pause(SETTLE_MS);
  return (await residentBytes(daemon.pid)).now;
}

const RUN_PROCESS = /run-process/;

async function peaksDuring({ pid }: DaemonProcess, work: () => Promise<void>) {
  const done = work().then(() => 'done' as const);
  const peaks = { guests: 0, run: 0 };
  while ((await Promise.race([done, pause(SAMPLE_MS)])) !== 'done') {
    peaks.guests = Math.max(peaks.guests, await descendantBytes(pid));
    const runs = [...(await childBytes(pid, RUN_PROCESS)).values()];
    peaks.run = Math.max(peaks.run, ...runs.map(({ peak }) => peak));
  }
  return peaks;
}

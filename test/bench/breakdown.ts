import { join } from 'node:path';
import { makeBenchBundle } from './bundles.ts';
import { DaemonProcess } from './daemon-process.ts';
import { makeKit } from './jobs.ts';
import { type Stay, staysOf } from './state-lines.ts';
import { median, table } from './statistics.ts';
import { type BenchRoom, nameOf, type WallCase } from './wall-time.ts';

/** Where the time of a job goes: each state of sign-job and of the machine's life, medians over the runs. */
export async function benchBreakdown(room: BenchRoom, cases: readonly WallCase[]): Promise<void> {
  const daemon = await DaemonProcess.start({
    ...room,
    standby: 0,
    stateDir: join(room.folder, 'breakdown-state'),
  });
  try {
    for (const one of cases) await breakDown(room, daemon, one);
  } finally {
    await daemon.stop();
  }
}

async function breakDown(room: BenchRoom, daemon: DaemonProcess, one: WallCase): Promise<void> {
  const { kind, runs } = one;
  const bundle = join(room.folder, nameOf(one).replaceAll(' ', '-'));
  await makeBenchBundle(kind, one, bundle);
  const { manifest, credentials } = await makeKit(kind, join(room.folder, `kit-${kind}`));
  const work: Stay[][] = [];
  const machine: Stay[][] = [];
  for (let run = 0; run < runs; run += 1) {
    const finished = daemon.finishedRuns;
    await room.hub.runJob({ manifest, credentials, bundle });
    await daemon.untilFinished(finished + 1);
    const last = daemon.lastRun();
    work.push(staysOf(last.work));
    machine.push(staysOf(last.machine));
  }
  room.print(`time in each state, ${nameOf(one)}, median of ${runs}\n`);
  room.print(`${table([['sign-job', 'ms'], ...rowsOf(work)])}\n`);
  room.print(`${table([['vm-lifecycle, beside it', 'ms'], ...rowsOf(machine)])}\n`);
}

/** One row for each state, in the order in which they came. */
export function rowsOf(runs: readonly (readonly Stay[])[]): string[][] {
  const names = [...new Set(runs.flat().map(({ state }) => state))];
  const total = (run: readonly Stay[], name: string): number =>
    run.reduce((sum, { state, ms }) => sum + (state === name ? ms : 0), 0);
  return names.map((name) => [name, median(runs.map((run) => total(run, name))).toFixed(0)]);
}

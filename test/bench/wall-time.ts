import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Kind, makeBenchBundle } from './bundles.ts';
import { DaemonProcess } from './daemon-process.ts';
import type { HubProcess } from './hub-process.ts';
import { makeKit, type SigningKit } from './jobs.ts';
import { cpuMs } from './processes.ts';
import { runScript } from './script-side.ts';
import { median, seconds, table } from './statistics.ts';

/** A new standby machine boots after each job; neither side shall pay for that. */
const STANDBY_BOOT_MS = 700;
const flushDisk = promisify(execFile);

export interface BenchRoom {
  readonly folder: string;
  readonly hub: HubProcess;
  readonly rcodesign: string;
  readonly print: (text: string) => void;
}

export interface WallCase {
  readonly kind: Kind;
  readonly megabytes: number;
  readonly smallFiles?: number;
  readonly runs: number;
  /** 0: the job boots its machine; 1: a machine stands by. */
  readonly standby: 0 | 1;
}

interface Sample {
  readonly daemonMs: number;
  readonly scriptMs: number;
  /** Guests included, the hub not. */
  readonly daemonCpuMs: number;
  readonly scriptCpuMs: number;
  /** Clone to connected. */
  readonly bootMs: number;
  /** How long the prepared bundle waited for the machine. */
  readonly waitMs: number;
}

/** (a) Whole jobs through the daemon, each beside the same job by a script. */
export async function benchWallTime(room: BenchRoom, cases: readonly WallCase[]): Promise<void> {
  const rows = [HEADER];
  for (const standby of [0, 1]) {
    const daemon = await DaemonProcess.start({ ...room, standby, stateDir: join(room.folder, 'wall-state') });
    const mine = cases.filter((one) => one.standby === standby);
    for (const one of mine) rows.push(rowOf(one, await measure(room, daemon, one)));
    await daemon.stop();
  }
  room.print(`${INTRODUCTION}\n\n${table(rows)}\n\n${NOTES}`);
}

/** Below, the start of programs is most of it, and the overhead says more. */
const RATIO_COUNTS_FROM_MEGABYTES = 10;

const INTRODUCTION =
  '(a) wall time of whole jobs, medians; goal: ratio <= 1.15, boot of the machine included';
const HEADER = [
  'job',
  'runs',
  'daemon',
  'script',
  'ratio',
  'goal',
  'overhead',
  'goal',
  'boot',
  'waited',
  'CPU ratio',
];
const NOTES = [
  'daemon: assignment to complete, clone and boot of the local guest included; every seal is verified on the way',
  'script: curl | base64 -d | tar, rcodesign, our writer as a program, rcodesign, sha256sum beside base64, curl;',
  '        nothing is verified; the bundles have no icon, and Info.plist is left as it is',
  'standby: the machine was booted before the job came, as in production; otherwise the boot is part of the time',
  'overhead: daemon minus script, from a machine that is ready (without "waited", the time the job waited for it)',
  'CPU ratio: of the time that processors worked; the hub is counted to neither side',
].join('\n');

async function measure(room: BenchRoom, daemon: DaemonProcess, one: WallCase): Promise<Sample[]> {
  const { kind, runs } = one;
  const bundle = join(room.folder, nameOf(one).replaceAll(' ', '-'));
  await makeBenchBundle(kind, one, bundle);
  const kit = await makeKit(kind, join(room.folder, `kit-${kind}`));
  const samples: Sample[] = [];
  for (let run = 0; run < runs; run += 1)
    samples.push(await measureOnce(room, daemon, { kind, bundle, kit }));
  return samples;
}

async function measureOnce(
  { hub, rcodesign }: BenchRoom,
  daemon: DaemonProcess,
  { kind, bundle, kit }: { kind: Kind; bundle: string; kit: SigningKit },
): Promise<Sample> {
  await pause(STANDBY_BOOT_MS);
  await flushDisk('sync');
  const finished = daemon.finishedRuns;
  const cpuBefore = await cpuMs(daemon.pid);
  const run = await hub.runJob({ manifest: kit.manifest, credentials: kit.credentials, bundle });
  await daemon.untilFinished(finished + 1);
  const daemonCpuMs = (await cpuMs(daemon.pid)) - cpuBefore;
  await pause(STANDBY_BOOT_MS);
  await flushDisk('sync');
  const script = await runScript({ kind, bundle, kit, rcodesign, plainUrl: hub.addresses.plainUrl });
  return {
    daemonMs: run.completedAtMs - run.assignedAtMs,
    scriptMs: script.wallMs,
    daemonCpuMs,
    scriptCpuMs: script.cpuMs,
    ...daemon.lastBoot(),
  };
}

export const nameOf = ({ kind, megabytes, smallFiles }: WallCase): string =>
  `${kind} ${smallFiles ? `${smallFiles} files` : `${megabytes} MB`}`;

function rowOf(one: WallCase, samples: readonly Sample[]): string[] {
  const { megabytes, smallFiles, runs, standby } = one;
  const of = (pick: (sample: Sample) => number): number => median(samples.map(pick));
  return [
    `${nameOf(one)}${standby > 0 ? ', standby' : ''}`,
    String(runs),
    seconds(of(({ daemonMs }) => daemonMs)),
    seconds(of(({ scriptMs }) => scriptMs)),
    of(({ daemonMs, scriptMs }) => daemonMs / scriptMs).toFixed(2),
    goalOf(one),
    seconds(of(({ daemonMs, scriptMs, waitMs }) => daemonMs - scriptMs - waitMs)),
    megabytes < RATIO_COUNTS_FROM_MEGABYTES && !smallFiles ? '<= 0.40 s' : '',
    seconds(of(({ bootMs }) => bootMs)),
    seconds(of(({ waitMs }) => waitMs)),
    of(({ daemonCpuMs, scriptCpuMs }) => daemonCpuMs / scriptCpuMs).toFixed(2),
  ];
}

function goalOf({ megabytes, smallFiles }: WallCase): string {
  if (smallFiles) return '<= 1.50';
  return megabytes < RATIO_COUNTS_FROM_MEGABYTES ? '' : '<= 1.15';
}

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Kind, makeBenchBundle } from './bundles.ts';
import { DaemonProcess } from './daemon-process.ts';
import { HubProcess } from './hub-process.ts';
import { makeKit, type SigningKit } from './jobs.ts';
import { cpuMs } from './processes.ts';
import { runScript } from './script-side.ts';
import { median, seconds, table } from './statistics.ts';

/** A new standby machine boots after each job; no side shall pay for that. */
const STANDBY_BOOT_MS = 700;
const flushDisk = promisify(execFile);

export interface BenchRoom {
  readonly folder: string;
  readonly hub: HubProcess;
  readonly rcodesign: string;
  /** A built checkout of another version, to compare with. */
  readonly before?: string | undefined;
  readonly print: (text: string) => void;
}

export interface WallCase {
  readonly kind: Kind;
  readonly megabytes: number;
  readonly smallFiles?: number;
  readonly runs: number;
  /** 0: the job boots its machine; 1: a machine stands by. */
  readonly standby: 0 | 1;
  /** How many jobs, and how many scripts, at the same time; 1 by default. */
  readonly atOnce?: 2;
}

interface Timing {
  readonly wallMs: number;
  /** Guests included, the hub not. */
  readonly cpuMs: number;
}

interface Sample {
  readonly daemon: Timing;
  readonly before?: Timing;
  readonly script: Timing;
  /** Clone to connected. */
  readonly bootMs: number;
  /** How long the prepared bundle waited for the machine. */
  readonly waitMs: number;
}

/** A daemon and the hub that gives jobs to it alone. */
interface Side {
  readonly daemon: DaemonProcess;
  readonly hub: HubProcess;
}

interface Job {
  readonly one: WallCase;
  readonly bundle: string;
  readonly kit: SigningKit;
}

/** (a) Whole jobs through the daemon, each beside the same job by a script. */
export async function benchWallTime(room: BenchRoom, cases: readonly WallCase[]): Promise<void> {
  const rows = [HEADER];
  for (const standby of [0, 1]) {
    const mine = cases.filter((one) => one.standby === standby);
    if (mine.length === 0) continue;
    const side = await startSide(room, room.hub, standby);
    const hub = room.before === undefined ? undefined : await HubProcess.start();
    const before = hub && (await startSide(room, hub, standby, room.before));
    for (const one of mine) rows.push(rowOf(one, await measure(room, one, side, before)));
    await side.daemon.stop();
    await before?.daemon.stop();
    await hub?.stop();
  }
  room.print(`${INTRODUCTION}\n\n${table(rows)}\n\n${NOTES}`);
}

async function startSide(
  room: BenchRoom,
  hub: HubProcess,
  standby: number,
  checkout?: string,
): Promise<Side> {
  const stateDir = join(room.folder, checkout === undefined ? 'wall-state' : 'wall-state-before');
  return { hub, daemon: await DaemonProcess.start({ ...room, hub, standby, stateDir, checkout }) };
}

/** Below, the start of programs is most of it, and the overhead says more. */
const RATIO_COUNTS_FROM_MEGABYTES = 10;

const INTRODUCTION =
  '(a) wall time of whole jobs, medians, and their ratios to the script; boot of the machine included';
const HEADER = [
  'job',
  'runs',
  'before',
  'daemon',
  'script',
  'ratio before',
  'ratio',
  'goal',
  'overhead',
  'goal',
  'boot',
  'waited',
  'CPU before',
  'CPU ratio',
];
const NOTES = [
  'daemon: assignment to complete, clone and boot of the local guest included; every seal is verified on the way',
  'before: the daemon of the checkout that --before names, in turn with this one',
  'script: curl | base64 -d | tar, rcodesign, our writer as a program, rcodesign, sha256sum beside base64, curl;',
  '        nothing is verified; the bundles have no icon, and Info.plist is left as it is',
  'standby: the machine was booted before the job came, as in production; otherwise the boot is part of the time',
  'overhead: daemon minus script, from a machine that is ready (without "waited", the time the job waited for it)',
  'CPU ratio: of the time that processors worked; the hub is counted to no side',
].join('\n');

async function measure(room: BenchRoom, one: WallCase, side: Side, before?: Side): Promise<Sample[]> {
  const bundle = join(room.folder, nameOf(one).replaceAll(' ', '-'));
  await makeBenchBundle(one.kind, one, bundle);
  const job = { one, bundle, kit: await makeKit(one.kind, join(room.folder, `kit-${one.kind}`)) };
  const samples: Sample[] = [];
  for (let run = 0; run < one.runs; run += 1) samples.push(await measureOnce(room, job, side, before));
  return samples;
}

async function measureOnce(room: BenchRoom, job: Job, side: Side, before?: Side): Promise<Sample> {
  const earlier = before && (await timeDaemon(job, before));
  const daemon = await timeDaemon(job, side);
  await calm();
  const { rcodesign, hub } = room;
  const { one, bundle, kit } = job;
  const script = { kind: one.kind, bundle, kit, rcodesign, plainUrl: hub.addresses.plainUrl };
  const startedAt = performance.now();
  const runs = await Promise.all(Array.from({ length: one.atOnce ?? 1 }, () => runScript(script)));
  const lasting = one.atOnce ? performance.now() - startedAt : (runs[0]?.wallMs ?? Number.NaN);
  return {
    daemon,
    ...(earlier && { before: earlier }),
    script: { wallMs: lasting, cpuMs: runs.reduce((sum, run) => sum + run.cpuMs, 0) },
    ...side.daemon.lastBoot(),
  };
}

/** From the first assignment to the last answer. */
async function timeDaemon({ one, bundle, kit }: Job, { daemon, hub }: Side): Promise<Timing> {
  await calm();
  const count = one.atOnce ?? 1;
  const finished = daemon.finishedRuns;
  const cpuBefore = await cpuMs(daemon.pid);
  const submission = { manifest: kit.manifest, credentials: kit.credentials, bundle };
  const runs = await Promise.all(Array.from({ length: count }, () => hub.runJob(submission)));
  await daemon.untilFinished(finished + count);
  const wallMs =
    Math.max(...runs.map((run) => run.completedAtMs)) - Math.min(...runs.map((run) => run.assignedAtMs));
  return { wallMs, cpuMs: (await cpuMs(daemon.pid)) - cpuBefore };
}

async function calm(): Promise<void> {
  await pause(STANDBY_BOOT_MS);
  await flushDisk('sync');
}

export const nameOf = ({ kind, megabytes, smallFiles, atOnce }: WallCase): string =>
  `${kind} ${atOnce ? `${atOnce} x ` : ''}${smallFiles ? `${smallFiles} files` : `${megabytes} MB`}`;

function rowOf(one: WallCase, samples: readonly Sample[]): string[] {
  const { megabytes, smallFiles, runs, standby } = one;
  const of = (pick: (sample: Sample) => number): number => median(samples.map(pick));
  const ifCompared = (text: () => string): string => (samples[0]?.before ? text() : '');
  const ratioOf = (pick: (sample: Sample) => Timing | undefined, figure: keyof Timing): string =>
    of((sample) => (pick(sample)?.[figure] ?? Number.NaN) / sample.script[figure]).toFixed(2);
  return [
    `${nameOf(one)}${standby > 0 ? ', standby' : ''}`,
    String(runs),
    ifCompared(() => seconds(of(({ before }) => before?.wallMs ?? Number.NaN))),
    seconds(of(({ daemon }) => daemon.wallMs)),
    seconds(of(({ script }) => script.wallMs)),
    ifCompared(() => ratioOf(({ before }) => before, 'wallMs')),
    ratioOf(({ daemon }) => daemon, 'wallMs'),
    goalOf(one),
    seconds(of(({ daemon, script, waitMs }) => daemon.wallMs - script.wallMs - waitMs)),
    megabytes < RATIO_COUNTS_FROM_MEGABYTES && !smallFiles ? '<= 0.15 s' : '',
    seconds(of(({ bootMs }) => bootMs)),
    seconds(of(({ waitMs }) => waitMs)),
    ifCompared(() => ratioOf(({ before }) => before, 'cpuMs')),
    ratioOf(({ daemon }) => daemon, 'cpuMs'),
  ];
}

function goalOf({ megabytes, smallFiles }: WallCase): string {
  if (smallFiles) return '<= 1.50';
  if (megabytes < RATIO_COUNTS_FROM_MEGABYTES) return '';
  return megabytes < 100 ? '<= 0.90' : '<= 0.80';
}

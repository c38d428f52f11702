import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Kind, makeBenchBundle } from './bundles.ts';
import { DaemonProcess } from './daemon-process.ts';
import type { HubProcess } from './hub-process.ts';
import { makeKit, type SigningKit } from './jobs.ts';
import { runScript } from './script-side.ts';
import { median, seconds, table } from './statistics.ts';

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
  readonly runs: number;
}

interface Sample {
  readonly daemonMs: number;
  readonly scriptMs: number;
  /** Clone to connected. */
  readonly bootMs: number;
  /** How long the prepared bundle waited for the machine. */
  readonly waitMs: number;
}

/** (a) Whole jobs through the daemon, each beside the same job by a script. */
export async function benchWallTime(room: BenchRoom, cases: readonly WallCase[]): Promise<void> {
  const daemon = await DaemonProcess.start({ ...room, stateDir: join(room.folder, 'wall-state') });
  const rows = [HEADER];
  try {
    for (const one of cases) rows.push(rowOf(one, await measure(room, daemon, one)));
  } finally {
    await daemon.stop();
  }
  room.print(`${INTRODUCTION}\n\n${table(rows)}\n\n${NOTES}`);
}

const INTRODUCTION =
  '(a) wall time of whole jobs, medians; goal: ratio <= 1.15, boot of the machine included';
const HEADER = ['job', 'runs', 'daemon', 'script', 'ratio', 'goal', 'overhead', 'boot', 'waited for boot'];
const NOTES = [
  'daemon: assignment to complete, clone and boot of the local guest included; every seal is verified on the way',
  'script: curl | base64 -d | tar, rcodesign, our writer as a program, rcodesign, sha256sum beside base64, curl;',
  '        nothing is verified; the bundles have no icon, and Info.plist is left as it is',
  'overhead: daemon minus script, without the wait for the machine; goal at 1 MB: <= 0.40 s',
].join('\n');

async function measure(room: BenchRoom, daemon: DaemonProcess, one: WallCase): Promise<Sample[]> {
  const { kind, megabytes, runs } = one;
  const bundle = join(room.folder, `${kind}-${megabytes}`);
  await makeBenchBundle(kind, megabytes, bundle);
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
  await flushDisk('sync');
  const finished = daemon.finishedRuns;
  const run = await hub.runJob({ manifest: kit.manifest, credentials: kit.credentials, bundle });
  await daemon.untilFinished(finished + 1);
  await flushDisk('sync');
  const scriptMs = await runScript({ kind, bundle, kit, rcodesign, plainUrl: hub.addresses.plainUrl });
  return { daemonMs: run.completedAtMs - run.assignedAtMs, scriptMs, ...daemon.lastBoot() };
}

function rowOf({ kind, megabytes, runs }: WallCase, samples: readonly Sample[]): string[] {
  const of = (pick: (sample: Sample) => number): number => median(samples.map(pick));
  return [
    `${kind} ${megabytes} MB`,
    String(runs),
    seconds(of(({ daemonMs }) => daemonMs)),
    seconds(of(({ scriptMs }) => scriptMs)),
    of(({ daemonMs, scriptMs }) => daemonMs / scriptMs).toFixed(2),
    '<= 1.15',
    seconds(of(({ daemonMs, scriptMs, waitMs }) => daemonMs - scriptMs - waitMs)),
    seconds(of(({ bootMs }) => bootMs)),
    seconds(of(({ waitMs }) => waitMs)),
  ];
}

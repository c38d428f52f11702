import { writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type OrchardHost, orchardHost } from '../orchard-emulator/host.ts';
import { orchardSettings } from '../orchard-emulator/settings.ts';
import { makeBenchBundle } from './bundles.ts';
import { DaemonProcess } from './daemon-process.ts';
import { isFlat, judged } from './goals.ts';
import { makeKit } from './jobs.ts';
import { type LoopReport, LoopReports } from './loop-reports.ts';
import { resetPeak, residentBytes } from './processes.ts';
import { mebibytes, seconds, table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

/** A tenth of the times of a real cluster, where a tick is five seconds and a boot twenty. */
const TICK_MS = 500;
const BOOT_TICKS = 4;
/** Long enough for the garbage collector to have had its turn. */
const SETTLE_MS = 1_500;
const MOST_TURN_MS = 500;

interface Burst {
  readonly atOnce: number;
  readonly rounds: number;
}

interface Round {
  readonly done: number;
  readonly ms: number;
  readonly loop: LoopReport;
  readonly peakBytes: number;
  readonly restBytes: number;
}

/** Many jobs at the same time through one daemon, each in a machine of its own, with real run processes and real SSH. */
export async function benchClusterBurst(room: BenchRoom, { atOnce, rounds }: Burst): Promise<void> {
  const workers = Array.from({ length: Math.ceil(atOnce / 2) }, (_, n) => ({ name: `mac-${n}` }));
  const knobs = { bootTicks: BOOT_TICKS };
  const host = await orchardHost({ workers, knobs, tickMs: TICK_MS, toolDirs: [dirname(room.rcodesign)] });
  const reports = new LoopReports();
  const daemon = await startDaemon(room, host, atOnce, reports);
  await pause(SETTLE_MS);
  const idle = await residentBytes(daemon.pid);
  const done: Round[] = [];
  for (let round = 1; round <= rounds; round += 1)
    done.push(await measure(room, { daemon, reports, atOnce, round }));
  await daemon.stop();
  const left = host.cluster.vms.size;
  await host.remove();
  room.print(
    [
      `(i) ${atOnce} jobs of 1 MB at once through one daemon; ticks and boots of a tenth of the real time`,
      table([HEADER, ...done.map((round, index) => rowOf(`round ${index + 1}`, atOnce, round))]),
      verdictOn(done, atOnce, left),
      `memory of the daemon before the first: ${mebibytes(idle.now)}; machines left in the cluster: ${left}`,
      NOTE,
      `load of this machine, with all of that: ${loadavg()[0]?.toFixed(0)} on ${availableParallelism()} processors`,
    ].join('\n\n'),
  );
}

/** The loop is silent for as long as a turn takes; what others took of the processors meanwhile is not its doing. */
function verdictOn(done: readonly Round[], atOnce: number, left: number): string {
  const turns = done.map(({ loop }) => Math.min(loop.longestTurnMs, loop.longestTurnCpuMs));
  const isFlatAtRest = isFlat(done.map(({ restBytes }) => restBytes));
  return [
    `all jobs done, and no machine left: ${judged(left === 0 && done.every((round) => round.done === atOnce))}`,
    `no turn above ${seconds(MOST_TURN_MS)}: ${judged(Math.max(...turns) <= MOST_TURN_MS)}`,
    `memory at rest flat: ${done.length > 1 ? judged(isFlatAtRest) : 'not known of one round'}`,
  ].join('; ');
}

const NOTE =
  'longest turn: of the event loop of the daemon, seen from within; its CPU: what processors worked for it at most in one, which is the time it takes on a quiet machine';

const HEADER = [
  ...['', 'jobs done', 'time', 'longest turn', 'goal', 'its CPU'],
  ...['memory, peak', 'memory at rest', 'goal'],
];

const rowOf = (name: string, atOnce: number, round: Round): string[] => [
  ...[name, `${round.done} of ${atOnce}`, seconds(round.ms)],
  ...[seconds(round.loop.longestTurnMs), '<= 0.5 s', seconds(round.loop.longestTurnCpuMs)],
  ...[mebibytes(round.peakBytes), mebibytes(round.restBytes), 'flat'],
];

interface Running {
  readonly daemon: DaemonProcess;
  readonly reports: LoopReports;
  readonly atOnce: number;
  readonly round: number;
}

async function measure(room: BenchRoom, { daemon, reports, atOnce, round }: Running): Promise<Round> {
  const bundle = join(room.folder, 'cluster-bundle');
  if (round === 1) await makeBenchBundle('macos', { megabytes: 1 }, bundle);
  const { manifest, credentials } = await makeKit('macos', join(room.folder, 'kit-cluster'));
  await reports.next(daemon.pid);
  await resetPeak(daemon.pid);
  const startedAt = performance.now();
  const job = () => room.hub.runJob({ manifest, credentials, bundle });
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, job));
  const ms = performance.now() - startedAt;
  await daemon.untilFinished(round * atOnce);
  const loop = await reports.next(daemon.pid);
  const { peak: peakBytes } = await residentBytes(daemon.pid);
  await pause(SETTLE_MS);
  const { now: restBytes } = await residentBytes(daemon.pid);
  for (const end of ends) if (end.status === 'rejected') room.print(String(end.reason));
  const done = ends.filter(({ status }) => status === 'fulfilled').length;
  return { done, ms, loop, peakBytes, restBytes };
}

async function startDaemon(
  room: BenchRoom,
  host: OrchardHost,
  atOnce: number,
  reports: LoopReports,
): Promise<DaemonProcess> {
  const certificate = join(room.folder, 'controller.pem');
  await writeFile(certificate, host.certificate);
  return DaemonProcess.start({
    ...{ ...room, standby: 0, stateDir: join(room.folder, 'cluster-state') },
    nodeArgs: ['--import', fileURLToPath(new URL('loop-watch.mjs', import.meta.url))],
    onLine: (line) => reports.hear(line),
    env: {
      ...orchardSettings({ ...host, certificateFile: certificate }),
      PERRY_MAX_CONCURRENT_BUILDS: String(atOnce),
    },
  });
}

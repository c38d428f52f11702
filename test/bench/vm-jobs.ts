import { join } from 'node:path';
import { TEST_IMAGE, TEST_IMAGES_DIR } from '../helpers/qemu-vm.ts';
import { rowsOf } from './breakdown.ts';
import { makeBenchBundle } from './bundles.ts';
import { DaemonProcess } from './daemon-process.ts';
import { makeKit } from './jobs.ts';
import { type Stay, staysOf } from './state-lines.ts';
import { median, percentile95, seconds, table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

const PLACES = '2';

/** Jobs one after the other, each in a real machine, which stands by or has yet to boot. */
export async function benchVmJobs(
  room: BenchRoom,
  { jobs, standby }: { readonly jobs: number; readonly standby: 0 | 1 },
): Promise<void> {
  if (jobs === 0) return;
  const bundle = join(room.folder, 'vm-bundle');
  await makeBenchBundle('macos', { megabytes: 1 }, bundle);
  const { manifest, credentials } = await makeKit('macos', join(room.folder, 'kit-vm'));
  const daemon = await startDaemon(room, standby);
  const [wholeMs, work]: [number[], Stay[][]] = [[], []];
  for (let job = 1; job <= jobs; job += 1) {
    if (standby > 0) await daemon.untilReady(standby);
    const run = await room.hub.runJob({ manifest, credentials, bundle });
    await daemon.untilFinished(job);
    wholeMs.push(run.completedAtMs - run.assignedAtMs);
    work.push(staysOf(daemon.lastRun().work));
  }
  const waits = daemon.waitsForGuest();
  await daemon.stop();
  const isWarm = standby > 0;
  room.print(
    [
      `(h) 1 MB job in a machine of QEMU, ${isWarm ? 'a standby machine is ready' : 'no standby machine'}`,
      table([
        ['', 'jobs', 'median', 'p95', 'most', 'goal'],
        ['assignment to first command', ...figures(waits), isWarm ? 'p95 < 1 s' : ''],
        ['assignment to complete', ...figures(wholeMs), isWarm ? '<= 12 s emulated' : ''],
      ]),
      table([['stage, median', 'ms'], ...rowsOf(work)]),
    ].join('\n\n'),
  );
}

const startDaemon = (room: BenchRoom, standby: number): Promise<DaemonProcess> =>
  DaemonProcess.start({
    ...{ ...room, standby, stateDir: join(room.folder, 'vm-state') },
    env: {
      PERRY_VM_DRIVER: 'qemu',
      PERRY_IMAGE_DIR: TEST_IMAGES_DIR,
      PERRY_TART_IMAGE: TEST_IMAGE,
      PERRY_MAX_CONCURRENT_BUILDS: PLACES,
      PERRY_MIN_FREE_DISK_GB: '0',
    },
  });

const figures = (times: readonly number[]): string[] => [
  String(times.length),
  ...[median(times), percentile95(times), Math.max(...times)].map(seconds),
];

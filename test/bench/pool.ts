import { delimiter, dirname, join } from 'node:path';
import { SSH_PORT, tartHost } from '../tart-emulator/host.ts';
import { makeBenchBundle } from './bundles.ts';
import { DaemonProcess } from './daemon-process.ts';
import { makeKit } from './jobs.ts';
import { median, percentile95, seconds, table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

const BOOT_MS = 20_000;
const PLACES = 2;

/** Rounds of two jobs at once: without and with standby machines. */
export interface PoolRounds {
  readonly cold: number;
  readonly warm: number;
}

/** (e) What standby machines are worth: from the assignment to the first command in the guest. */
export async function benchPool(room: BenchRoom, { cold, warm }: PoolRounds): Promise<void> {
  const rows = [
    ['machines', 'jobs', 'median', 'p95', 'most', 'goal, p95'],
    rowOf('cold', await measure(room, { standby: 0, rounds: cold }), ''),
    rowOf('warm', await measure(room, { standby: PLACES, rounds: warm }), '< 2 s'),
  ];
  room.print(`${INTRODUCTION}\n\n${table(rows)}`);
}

const INTRODUCTION =
  '(e) assignment to first command in the guest, two jobs at once, driver tart, emulated boot of 20 s';

async function measure(
  room: BenchRoom,
  { standby, rounds }: { readonly standby: number; readonly rounds: number },
): Promise<readonly number[]> {
  const times = { address: BOOT_MS, ssh: BOOT_MS, agent: BOOT_MS };
  const host = await tartHost({ toolDirs: [dirname(room.rcodesign)], knobs: { times } });
  const bundle = join(room.folder, 'pool-bundle');
  await makeBenchBundle('macos', { megabytes: 1 }, bundle);
  const { manifest, credentials } = await makeKit('macos', join(room.folder, 'kit-pool'));
  const daemon = await DaemonProcess.start({
    ...{ ...room, standby, stateDir: join(host.folder, 'state') },
    env: {
      PATH: [host.bin, process.env.PATH].join(delimiter),
      TART_HOME: host.home,
      PERRY_VM_DRIVER: 'tart',
      PERRY_TART_IMAGE: 'golden',
      PERRY_TART_SSH_PORT: String(SSH_PORT),
      PERRY_MIN_FREE_DISK_GB: '0',
    },
  });
  for (let round = 1; round <= rounds; round += 1) {
    if (standby > 0) await daemon.untilReady(standby);
    const job = () => room.hub.runJob({ manifest, credentials, bundle });
    await Promise.all(Array.from({ length: PLACES }, job));
    await daemon.untilFinished(round * PLACES);
  }
  const waits = daemon.waitsForGuest();
  await daemon.stop();
  await host.remove();
  return waits;
}

const rowOf = (name: string, waits: readonly number[], goal: string): string[] => [
  name,
  String(waits.length),
  ...[median(waits), percentile95(waits), Math.max(...waits)].map(seconds),
  goal,
];

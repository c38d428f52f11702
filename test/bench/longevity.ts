import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { instantSubmission } from '../helpers/instant-daemon.ts';
import type { HubProcess } from './hub-process.ts';
import type { Holdings } from './longevity-main.ts';
import { mebibytes, slope, table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

const [THOUSAND, AT_ONCE] = [1_000, 4];

/** (d) What the real daemon holds after each thousand jobs, the link and all its actors real. */
export async function benchLongevity({ hub, folder, print }: BenchRoom, jobs: number): Promise<void> {
  const program = fileURLToPath(new URL('longevity-main.ts', import.meta.url));
  const args = [hub.addresses.webSocketUrl, join(folder, 'longevity-state')];
  const daemon = fork(program, args, { execArgv: ['--expose-gc', '--import', 'tsx'] });
  await hub.untilWorker();
  const startedAt = performance.now();
  const samples: Holdings[] = [];
  for (let done = 0; done <= jobs; done += THOUSAND) {
    if (done > 0) await work(hub, Math.min(THOUSAND, jobs));
    samples.push(await ask(daemon));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  daemon.disconnect();
  await once(daemon, 'exit');
  print(`${INTRODUCTION}\n\n${table(rowsOf(samples))}\n\n${summaryOf(samples, jobs / seconds)}`);
}

const INTRODUCTION =
  '(d) the real daemon with ports that answer at once: hub over WebSocket, standby machines, journal, uploads';

async function work(hub: HubProcess, jobs: number): Promise<void> {
  let left = jobs;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await hub.runJob(instantSubmission);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function ask(daemon: ChildProcess): Promise<Holdings> {
  const answer = once(daemon, 'message');
  daemon.send('look');
  const [holdings] = await answer;
  return holdings as Holdings;
}

const rowsOf = (samples: readonly Holdings[]): string[][] => [
  ['jobs', 'resident', 'heap', 'open files', 'timers', 'actors', 'children of the supervisor'],
  ...samples.map(({ residentBytes, heapBytes, ...counts }, index) => [
    String(index * THOUSAND),
    mebibytes(residentBytes),
    `${(heapBytes / 2 ** 20).toFixed(2)} MiB`,
    ...[counts.openFiles, counts.timers, counts.actors, counts.children].map(String),
  ]),
];

/** The first thousand jobs compile the program and fill its pools. */
function summaryOf(samples: readonly Holdings[], jobsPerSecond: number): string {
  const warm = samples.slice(1);
  const perThousand = (pick: (sample: Holdings) => number): string =>
    `${(slope(warm.map(pick)) / 2 ** 20).toFixed(2)} MiB`;
  return [
    `slope per 1,000 jobs, from the first thousand on: heap ${perThousand(({ heapBytes }) => heapBytes)} (goal < 1 MB), resident ${perThousand(({ residentBytes }) => residentBytes)} (goal < 1 MB)`,
    `${jobsPerSecond.toFixed(0)} jobs/s, each with a record on the disk before its machine`,
  ].join('\n');
}

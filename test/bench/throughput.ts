import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { table } from './statistics.ts';
import type { ThroughputResult } from './throughput-main.ts';
import type { BenchRoom } from './wall-time.ts';

/** (c) How many jobs the statecharts alone can do, and what each leaves on the heap. */
export async function benchThroughput({ print }: BenchRoom, jobs: number): Promise<void> {
  const program = fileURLToPath(new URL('throughput-main.ts', import.meta.url));
  const args = ['--expose-gc', '--import', 'tsx', program, String(jobs)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { jobsPerSecond, heapPerThousandBytes } = JSON.parse(stdout) as ThroughputResult;
  const rows = [
    ['jobs', 'at once', 'jobs/s', 'goal', 'heap growth per 1,000 jobs', 'goal'],
    [
      String(jobs),
      '2',
      jobsPerSecond.toFixed(0),
      '>= 100',
      `${(heapPerThousandBytes / 1024).toFixed(1)} KiB`,
      '~ 0',
    ],
  ];
  print(`(c) supervisor, sign-job and vm-lifecycle with ports that answer at once\n\n${table(rows)}`);
}

import { ClusterRun } from '../helpers/cluster-sim.ts';
import { benchClusterBurst } from './cluster-burst.ts';
import { benchClusterList } from './cluster-list.ts';
import { judged } from './goals.ts';
import { seconds, table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

/** How much is measured. */
export interface ClusterRounds {
  /** Jobs in simulated time. */
  readonly jobs: number;
  /** Jobs at once through a real daemon, and how often. */
  readonly atOnce: number;
  readonly rounds: number;
  /** Workers, and as many machines. */
  readonly listed: number;
}

/** (i) A cluster of Macs, emulated: how well its slots are used, and what many jobs and many hosts cost the daemon. */
export async function benchCluster(room: BenchRoom, rounds: ClusterRounds): Promise<void> {
  benchUse(room, rounds);
  await benchClusterList(room, rounds.listed);
  await benchClusterBurst(room, rounds);
}

const USE = `(i) all jobs at once on ten Macs of two, boot of 20 s, in simulated time with the real charts: the controller
assigns, and workers sync, every 5 s; a job works in its machine for half a minute or less`;
const WANTED_SHARE = 0.95;
/** The controller assigns every five seconds. */
const MOST_IDLE_MS = 5_000;
const NOTES = [
  'slots taken: from the assignment of a machine to its deletion, until no job waits any more; goal >= 95 %',
  'by jobs: the guest is entered; the rest is clone, boot and removal',
  'free while a job waits: the longest time; goal: no more than the 5 s of the controller',
].join('\n');

function benchUse({ print }: BenchRoom, { jobs }: ClusterRounds): void {
  const cases = [
    { slots: 'auto', standbySize: 2 },
    { slots: 'auto', standbySize: 0 },
    { slots: 20, standbySize: 20 },
  ] as const;
  const rows = cases.map(({ slots, standbySize }) => {
    const run = new ClusterRun({ workers: 10, bootMs: 20_000, seed: 1, jobs, slots, standbySize }).run();
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
    return [
      `${slots}, ${standbySize} standby`,
      `${run.succeeded} of ${jobs}`,
      seconds(run.busyMs),
      percent(run.takenShare),
      percent(run.workingShare),
      seconds(run.longestIdleMs),
      run.requestsPerSecond.toFixed(1),
      judged(run.succeeded === jobs && run.takenShare >= WANTED_SHARE && run.longestIdleMs <= MOST_IDLE_MS),
    ];
  });
  const header = [
    ...['slots', 'jobs done', 'time', 'slots taken', 'by jobs'],
    ...['free while a job waits', 'requests/s', 'goals'],
  ];
  print(`${USE}\n\n${table([header, ...rows])}\n\n${NOTES}`);
}

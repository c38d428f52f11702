import { expect, test } from 'vitest';
import { ClusterRun } from '../helpers/cluster-sim.ts';
import { TICK_MS } from '../helpers/sim-cluster.ts';

test.each([
  ['as many as there is room for, and two machines that stand by', 'auto', 2],
  ['a number, and a machine that stands by for each slot', 20, 20],
] as const)('200 jobs on ten Macs keep the slots taken: %s', (_, slots, standbySize) => {
  const macs = { workers: 10, bootMs: 20_000 };
  const result = new ClusterRun({ ...macs, seed: 1, jobs: 200, slots, standbySize }).run();
  expect(result).toMatchObject({ complaints: [], failures: [], succeeded: 200 });
  expect(result.takenShare).toBeGreaterThanOrEqual(0.95);
  expect(result.longestIdleMs).toBeLessThanOrEqual(TICK_MS);
  // no machine of ours waits for a worker that somebody else could have
  expect(result.mostQueued).toBe(0);
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { soakCount } from '../helpers/soak-count.ts';
import { storm } from '../helpers/soak-links.ts';

const LINKS = soakCount('LINKS', { suite: 120, full: 1_000 });
/** Side by side, each with a hub and a daemon of its own. */
const SEEDS = [20_260_101, 20_260_102];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-links-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test(`${LINKS} links end in every way with two jobs at work: each job has one answer, two machines at most`, async () => {
  const count = Math.ceil(LINKS / SEEDS.length);
  const storms = await Promise.all(SEEDS.map((seed) => storm({ folder, seed, count })));
  console.error(JSON.stringify(storms));
  for (const { jobs, succeeded, givenUp, neverHeard, faults } of storms) {
    expect(succeeded + givenUp + neverHeard).toBe(jobs);
    expect(succeeded).toBeGreaterThan(0);
    expect(Object.values(faults).reduce((sum, times) => sum + times, 0)).toBe(count);
  }
}, 900_000);

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { soakCount } from '../helpers/soak-count.ts';
import { makeTinyIosJob, makeTinyMacJob } from '../helpers/soak-jobs.ts';
import { earlyMoments, lateMoments, nameOf } from '../helpers/soak-moments.ts';
import { countedText } from '../helpers/soak-random.ts';
import { liveAndDie } from '../helpers/soak-restarts.ts';
import { dieWithSeveral } from '../helpers/soak-several.ts';

/** The moments have their turns: of so many, the two together come to every moment. */
const EACH_MOMENT_ONCE = 44;
const KILLS = soakCount('KILLS', { suite: EACH_MOMENT_ONCE, full: 200 });
/** Side by side, each with a hub, a state folder and moments of its own. */
const SEEDS = [20_260_101, 20_260_102];
const NEARLY_ALL = 0.8;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-kill-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test(
  `${KILLS} daemons are killed at any moment: the next one sweeps, and each job succeeds once`,
  async () => {
    const jobs = [await makeTinyMacJob(join(folder, 'mac')), await makeTinyIosJob(join(folder, 'ios'))];
    const kills = Math.ceil(KILLS / SEEDS.length);
    const lives = await Promise.all(
      SEEDS.map((seed, own) => liveAndDie({ folder, seed, kills, jobs, lane: [own, SEEDS.length] })),
    );
    const lastLooks = lives.flatMap((each) => each.lastLooks);
    const completed = lives.reduce((sum, { completedJobs }) => sum + completedJobs, 0);
    expect(lastLooks).toHaveLength(kills * SEEDS.length);
    const actors = ['supervisor', 'hub', 'run', 'vm'] as const;
    const stoodIn = lastLooks.flatMap(({ standing }) =>
      actors.flatMap((actor) => {
        const state = standing[actor];
        return state === undefined ? [] : [nameOf({ actor, state })];
      }),
    );
    console.error(`${lastLooks.length} kills, ${completed} jobs done: ${countedText(stoodIn)}`);
    // not where they stood: the lines of the log come in bunches, and some states are told only together with the next one
    const wanted = [...earlyMoments, ...lateMoments].filter(({ actor }) => actor === 'run' || actor === 'vm');
    const missed = wanted.filter((moment) => !lastLooks.some(({ reached }) => reached === moment));
    console.error(`not reached: ${missed.map(nameOf).join(', ')}`);
    if (KILLS >= EACH_MOMENT_ONCE) expect(missed.length).toBeLessThan(wanted.length * (1 - NEARLY_ALL));
  },
  12_000 * KILLS,
);

test('daemons are killed with two or three jobs in flight: each job has one answer, and a lost one is named', async () => {
  const jobs = [await makeTinyMacJob(join(folder, 'mac-2')), await makeTinyIosJob(join(folder, 'ios-2'))];
  const kills = Math.max(3, Math.ceil(KILLS / 40));
  const lives = await Promise.all(SEEDS.map((seed) => dieWithSeveral({ folder, seed, kills, jobs })));
  const lastWords = lives.flat();
  console.error(`${kills * SEEDS.length} kills with several jobs each: ${countedText(lastWords)}`);
  // the hub gives up a job whose worker was killed four times
  expect(lastWords.filter((word) => !/^(succeeded|WORKER_RESTARTED|INTERNAL_ERROR)$/.test(word))).toEqual([]);
  expect(lastWords).toContain('WORKER_RESTARTED');
}, 600_000);

import { expect, test } from 'vitest';
import { storeUploadLimits } from '../../machines/store-upload/limits.ts';
import { type StoreUploadOutput, storeUploadMachine } from '../../machines/store-upload/machine.ts';
import { soakCount } from '../helpers/soak-count.ts';
import { Stage } from '../machines/stage.ts';
import { StoreWorld } from '../machines/store-world.ts';

const RUNS = soakCount('RUNS', { suite: 600, full: 10_000 });
/** Each kind of end is met this often, or more. */
const LEAST = RUNS / 200;

const artifact = { name: 'App.ipa', sizeBytes: 1, sha256Hex: 'a'.repeat(64) };

/** One stage for all runs: its clock goes on, so that nothing has to be built anew. */
const stage = new Stage();
const staged = stage.fill(storeUploadMachine);

/** One run in a world of its own; a crash begins a second life with the same journal. */
function live(seed: number): { world: StoreWorld; output: StoreUploadOutput } {
  stage.calls.length = 0;
  const world = new StoreWorld(seed, stage);
  const first = perform(world, world.fate.crashAtMs);
  if (first) return { world, output: first };
  world.restart();
  const second = perform(world, null);
  return { world, output: second ?? expect.fail('no output') };
}

function perform(world: StoreWorld, crashAtMs: number | null): StoreUploadOutput | null {
  let met = stage.calls.length;
  const upload = stage.start(staged, {
    runId: 'r',
    artifact,
    uploadId: world.journalled,
    namesGroups: false,
  });
  for (let steps = 0; upload.status === 'active'; steps += 1) {
    if (steps > 20_000) throw new Error('it does not end');
    for (; met < stage.calls.length; met += 1) world.meet(stage.calls[met] as (typeof stage.calls)[number]);
    if (crashAtMs !== null && world.elapsedMs >= crashAtMs) {
      upload.actor.stop();
      return null;
    }
    if (upload.scheduled.length === 0) {
      world.wrongs.push(`no deadline in ${JSON.stringify(upload.state)}`);
      upload.actor.stop();
      return null;
    }
    stage.clock.advanceToNext();
  }
  if (upload.crash !== undefined) throw upload.crash;
  expect([upload.scheduled, stage.open().map(({ port }) => port)]).toEqual([[], []]);
  return upload.output as StoreUploadOutput;
}

const longestMs = Object.values(storeUploadLimits).reduce<number>(
  (sum, ms) => sum + (typeof ms === 'number' ? ms : 0),
  0,
);

/** What is wrong with how a run ended, given what really happened. */
function wrongsOf({ world, output }: ReturnType<typeof live>): string[] {
  const { fate, builds } = world;
  const wrongs = [...world.wrongs];
  const say = (isWrong: boolean, text: string) => void (isWrong && wrongs.push(text));
  const { outcome, processed, failure } = output;
  const sound = builds.filter((build) => world.stateOf(build) !== 'failed');
  say(sound.length > 1, `Apple has ${sound.length} builds of one job`);
  if (outcome === 'published') {
    say(sound.length === 0 && processed, 'published, and Apple has no build');
    say(builds.length === 0, 'published, and Apple never had a build');
  }
  if (outcome === 'failed') {
    const isTrue = failure?.code === 'STORE_DUPLICATE' ? fate.isNumberTaken : !fate.isGood;
    const isVerdict = failure?.code === 'STORE_DUPLICATE' || failure?.code === 'STORE_REJECTED';
    say(failure === null, 'failed without a reason');
    say(isVerdict && !isTrue, `failed with ${failure?.code}, and it is not so`);
    say(!isVerdict && fate.isMild, `failed in a mild world: ${failure?.code} ${failure?.summary}`);
    say(!isVerdict && !world.isHopeless && failure?.retryable !== true, `failed for good: ${failure?.code}`);
  }
  say(world.elapsedMs > 20 * longestMs, `took ${world.elapsedMs} ms`);
  return wrongs;
}

test(`${RUNS} runs: no wait without a deadline, no wrong outcome, no build twice`, () => {
  const outcomes: Record<string, number> = {};
  const wrongs: string[] = [];
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const lived = live(seed);
    const { outcome, processed, failure } = lived.output;
    const name = `${lived.world.fate.isMild ? 'mild' : 'wild'} ${failure?.code ?? outcome}${processed ? '' : ' unprocessed'}`;
    outcomes[name] = (outcomes[name] ?? 0) + 1;
    wrongs.push(...wrongsOf(lived).map((wrong) => `seed ${seed}: ${wrong}`));
  }
  console.error('store-upload:', JSON.stringify(outcomes));
  expect(wrongs.slice(0, 20)).toEqual([]);
  for (const kind of ['mild published', 'mild STORE_REJECTED', 'mild STORE_DUPLICATE', 'wild published'])
    expect(outcomes[kind]).toBeGreaterThan(LEAST);
}, 0);

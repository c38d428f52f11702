import { expect, test } from 'vitest';
import { notarizationLimits } from '../../machines/notarization/limits.ts';
import { type NotarizationOutput, notarizationMachine } from '../../machines/notarization/machine.ts';
import { soakCount } from '../helpers/soak-count.ts';
import { owner } from '../machines/inert.ts';
import { NotaryWorld } from '../machines/notary-world.ts';
import { Stage } from '../machines/stage.ts';

const RUNS = soakCount('RUNS', { suite: 600, full: 10_000 });
/** Each kind of end is met this often, or more. */
const LEAST = RUNS / 200;

const artifact = { name: 'a.dmg', sizeBytes: 100, sha256Hex: 'digest' };
const input = { runId: 'r', artifact, staples: ['image'] as const, owner };

/** One stage for all runs: its clock goes on, so that nothing has to be built anew. */
const stage = new Stage();
const staged = stage.fill(notarizationMachine);

/** One run in a world of its own; a crash begins a second life with the same journal. */
function live(seed: number): { world: NotaryWorld; output: NotarizationOutput | null } {
  stage.calls.length = 0;
  const world = new NotaryWorld(seed, stage);
  const { crashAtMs } = world.fate;
  const first = perform(world, crashAtMs);
  if (first) return { world, output: first };
  world.restart();
  return { world, output: perform(world, null) };
}

function perform(world: NotaryWorld, crashAtMs: number | null): NotarizationOutput | null {
  let met = stage.calls.length;
  const notarization = stage.start(staged, input);
  for (let steps = 0; notarization.status === 'active'; steps += 1) {
    if (steps > 20_000) throw new Error('it does not end');
    for (; met < stage.calls.length; met += 1) world.meet(stage.calls[met] as (typeof stage.calls)[number]);
    if (crashAtMs !== null && world.elapsedMs >= crashAtMs) {
      notarization.actor.stop();
      return null;
    }
    if (notarization.scheduled.length === 0)
      world.wrongs.push(`no deadline in ${JSON.stringify(notarization.state)}`);
    else stage.clock.advanceToNext();
  }
  if (notarization.crash !== undefined) throw notarization.crash;
  expect([notarization.scheduled, stage.open().map(({ port }) => port)]).toEqual([[], []]);
  return notarization.output as NotarizationOutput;
}

/** What is wrong with how a run ended, given what really happened. */
function wrongsOf({ world, output }: ReturnType<typeof live>): string[] {
  const { fate, submissions, uploads } = world;
  const wrongs = [...world.wrongs];
  const say = (isWrong: boolean, text: string) => void (isWrong && wrongs.push(text));
  if (!output) return ['no output'];
  const { outcome, verdict } = output;
  const own = submissions.find(({ id }) => id === output.submissionId);
  say(uploads.length > (world.isAmbiguous ? 2 : 1), `the file was given to Apple ${uploads.length} times`);
  if (outcome === 'succeeded') {
    say(fate.verdict !== 'accepted' || !own?.uploadedAtMs, 'succeeded without being accepted');
    say(fate.ticketDelayMs > 3_600_000 || output.stapled.length !== 1, 'succeeded without a ticket');
  }
  if (outcome === 'rejected')
    say(
      fate.verdict === 'accepted' || verdict !== fate.verdict || !own?.uploadedAtMs,
      'rejected without being so',
    );
  if (fate.isMild)
    say(
      outcome !== (fate.verdict === 'accepted' ? 'succeeded' : 'rejected'),
      `${outcome}: ${output.failure?.summary}`,
    );
  if (outcome === 'failed' && !world.isHopeless)
    say(output.failure?.retryable !== true, 'failed for good without a reason');
  const longestMs = Object.values(notarizationLimits).reduce<number>(
    (sum, ms) => sum + (typeof ms === 'number' ? ms : 0),
    0,
  );
  say(world.elapsedMs > 2 * longestMs, `took ${world.elapsedMs} ms`);
  return wrongs;
}

test(`${RUNS} runs: no wait without a deadline, no wrong outcome, no file given to Apple twice`, () => {
  const outcomes: Record<string, number> = {};
  const wrongs: string[] = [];
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const lived = live(seed);
    const name = `${lived.world.fate.isMild ? 'mild' : 'wild'} ${lived.output?.outcome}`;
    outcomes[name] = (outcomes[name] ?? 0) + 1;
    wrongs.push(...wrongsOf(lived).map((wrong) => `seed ${seed}: ${wrong}`));
  }
  console.error('notarization:', JSON.stringify(outcomes));
  expect(wrongs.slice(0, 20)).toEqual([]);
  for (const kind of ['mild succeeded', 'mild rejected', 'wild failed', 'wild succeeded'])
    expect(outcomes[kind]).toBeGreaterThan(LEAST);
}, 0);

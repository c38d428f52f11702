import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRedactor } from '../../src/domain/redaction/index.ts';
import { type HistoryOptions, type LiveHistory, openHistory } from '../../src/history/history.ts';
import type { JobRecord } from '../../src/history/record.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { failure } from '../machines/samples.ts';
import { beginRecorded, PREPARED, SIGNED } from './recorded-scene.ts';

let stateDir: string;
let log: Record<string, unknown>[];
let open: LiveHistory[];
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'perry-history-'));
  [log, open] = [[], []];
});
afterEach(async () => {
  for (const history of open) await history.close();
  await rm(stateDir, { recursive: true, force: true });
});

/** A history with the log that it hears, and the actors that it watches. */
async function begin(more: Partial<HistoryOptions> = {}, level = 'info') {
  const scene = beginRecorded();
  const redactor = createRedactor();
  redactor.add('a', ['hunter2-and-more'], 'job-a');
  let hear = (_line: string): void => {};
  const logger = createLogger({
    ...{ level, redactor, forTerminal: false },
    hear: (line) => hear(line),
    write: (line) => void log.push(JSON.parse(line)),
  });
  const history = await openHistory({
    ...{ stateDir, limit: 500, logger, factsOf: () => undefined },
    redact: (text, jobId) => redactor.ofJob(jobId)(text),
    now: () => scene.clock.nowMs,
    ...more,
  });
  open.push(history);
  hear = history.hear;
  scene.supervisor.actor.system.inspect(history.observe);
  return { ...scene, scene, history, logger };
}
type Begun = Awaited<ReturnType<typeof begin>>;

function succeed({ scene }: Begun, id: string): void {
  scene.assign(id);
  scene.admit(1);
  scene.machineReady();
  scene.take(1, ...PREPARED, ...SIGNED, 'checkArtifact', 'deliverArtifact');
  scene.cleanUp();
}
function fail({ scene }: Begun, id: string, jobId = `job-${id}`): void {
  scene.assign(id, jobId);
  scene.clock.advance(10);
  scene.stage.the('admitJob').fail(failure('PLAN_IMPOSSIBLE'));
  scene.cleanUp();
}
const messages = async ({ history }: Begun, runId: string) =>
  (await history.log(runId)).first.map(({ message }) => message);
const resultsOf = (records: readonly JobRecord[]) => records.map(({ runId, result }) => `${runId} ${result}`);

test('tells what goes on and what ended last, newest first', async () => {
  const begun = await begin();
  succeed(begun, 'a');
  fail(begun, 'b');
  begun.scene.assign('c');
  begun.clock.advance(7);
  const { history } = begun;
  expect(resultsOf(history.list())).toEqual(['c running', 'b failed', 'a succeeded']);
  expect(history.list()[0]).toMatchObject({ durationMs: 7 });
  expect(resultsOf(history.list({ limit: 1 }))).toEqual(['c running']);
  expect(resultsOf(history.list({ failedOnly: true }))).toEqual(['b failed']);
  expect(resultsOf(history.list({ endedOnly: true }))).toEqual(['b failed', 'a succeeded']);
  expect(resultsOf(history.list({ sinceMs: 20 }))).toEqual(['c running', 'b failed']);
  expect(resultsOf(history.list({ sinceMs: 1_000 }))).toEqual(['c running']);
});

test('finds a run by its own id, and the newest one by that of its job', async () => {
  const begun = await begin();
  fail(begun, 'a', 'job-1');
  fail(begun, 'b', 'job-1');
  const { history } = begun;
  expect(history.record('a')).toMatchObject({ runId: 'a' });
  expect(history.record('job-1')).toMatchObject({ runId: 'b' });
  expect(history.record('job')).toBeUndefined();
});

test('tells listeners of each result, also when one of them throws', async () => {
  const begun = await begin();
  const heard: string[] = [];
  begun.history.onFinished(() => {
    throw new Error('a defect');
  });
  const stop = begun.history.onFinished(({ runId, result }) => heard.push(`${runId} ${result}`));
  succeed(begun, 'a');
  fail(begun, 'b');
  stop();
  fail(begun, 'c');
  expect(heard).toEqual(['a succeeded', 'b failed']);
  expect(log.filter(({ msg }) => /cannot be kept in full/.test(String(msg)))).toHaveLength(1);
});

describe('the log', () => {
  test('has one line for each run that ended, with its times', async () => {
    const begun = await begin();
    succeed(begun, 'a');
    fail(begun, 'b');
    const said = { jobId: 'job-c', assignmentId: 'c', failure: failure('MANIFEST_INVALID') };
    begun.hub().say({ type: 'hub.jobMalformed', ...said });
    expect(log).toMatchObject([
      {
        ...{ level: 30, msg: 'job succeeded', job: 'job-a', run: 'a', durationMs: 14, stage: 'uploading' },
        stageMs: { extracting: 3, generating_assets: 2, signing: 5, packaging: 2, uploading: 1 },
        ...{ bytes: { bundle: 9, artifact: 7 }, waits: { slotMs: 0, machineMs: 0, appleMs: 0 } },
        ...{ app: 'Tide Clock', target: 'macos-sign', machine: 'perry-ship-0a1b2c3d-a' },
      },
      {
        ...{ level: 50, msg: 'job failed', job: 'job-b', run: 'b', durationMs: 10, stageMs: {} },
        ...{ code: 'PLAN_IMPOSSIBLE', failure: { summary: 'sample PLAN_IMPOSSIBLE.' } },
      },
      { level: 40, msg: 'job not taken in', job: 'job-c', run: 'c', code: 'MANIFEST_INVALID' },
    ]);
    expect(log).toHaveLength(3);
  });

  test('is kept for each job: its own lines, freed from its secrets, and those of its machine', async () => {
    const begun = await begin();
    const { logger, scene } = begun;
    logger.info({ job: 'job-a', run: 'a' }, 'before it began');
    scene.assign('a');
    logger.info('of nobody');
    logger.info({ job: 'job-x', run: 'x' }, 'of another one');
    logger.info({ job: 'job-a', run: 'a', stage: 'signing' }, 'the password is hunter2-and-more');
    logger.warn({ job: 'job-a', err: new Error('broken') }, 'a step failed');
    scene.admit(1);
    logger.error({ vm: 'perry-ship-0a1b2c3d-a' }, 'of its machine');
    scene.supervisor.send({ type: 'job.cancelRequested', jobId: 'job-a' });
    logger.info({ job: 'job-a', run: 'a' }, 'while it is cleaned up');
    scene.cleanUp();
    logger.info({ job: 'job-a', run: 'a' }, 'when it is gone');
    expect(await messages(begun, 'a')).toEqual([
      ...['before it began', 'the password is [redacted]', 'a step failed', 'of its machine'],
      ...['job cancelled', 'while it is cleaned up'],
    ]);
    const { first } = await begun.history.log('a');
    expect(first[1]).toMatchObject({ level: 30, facts: { stage: 'signing' } });
    expect(first[2]).toMatchObject({ level: 40, facts: { err: { message: 'broken' } } });
    expect(first[1]?.facts).not.toHaveProperty('job');
  });

  test('of an assignment that was adopted is that of the run', async () => {
    const begun = await begin();
    begun.scene.assign('a', 'job-1');
    begun.scene.assign('again', 'job-1');
    begun.logger.info({ job: 'job-1', run: 'again' }, 'under its new name');
    expect(await messages(begun, 'a')).toEqual(['under its new name']);
  });

  test('of an assignment without a run is kept when something went wrong with it', async () => {
    const begun = await begin();
    for (const [run, level] of [
      ['bad', 'error'],
      ['good', 'info'],
    ] as const) {
      begun.logger[level]({ job: `job-${run}`, run, err: new Error('why') }, 'a job could not be taken in');
      const said = { jobId: `job-${run}`, assignmentId: run, failure: failure('INTERNAL_ERROR') };
      begun.hub().say({ type: 'hub.jobMalformed', ...said });
    }
    expect(await messages(begun, 'bad')).toEqual(['a job could not be taken in']);
    expect(await readdir(join(stateDir, 'history', 'logs'))).toEqual(['bad.jsonl']);
  });

  test.each([
    ['error', ['job failed']],
    ['silent', []],
  ])('that is to be %s is kept in full all the same', async (level, written) => {
    const begun = await begin({}, level);
    begun.scene.assign('a');
    begun.logger.info({ job: 'job-a', run: 'a' }, 'a fact');
    begun.logger.debug({ job: 'job-a', run: 'a' }, 'a detail');
    begun.scene.stage.the('admitJob').fail(failure('PLAN_IMPOSSIBLE'));
    expect(await messages(begun, 'a')).toEqual(['a fact', 'job failed']);
    expect(log.map(({ msg }) => msg)).toEqual(written);
  });

  test('has lines that are cut where they are very long', async () => {
    const begun = await begin();
    begun.scene.assign('a');
    begun.logger.info({ job: 'job-a', run: 'a', more: 'y'.repeat(100_000) }, 'x'.repeat(100_000));
    const [entry] = (await begun.history.log('a')).first;
    expect(entry?.message).toHaveLength(4_000);
    expect(JSON.stringify(entry?.facts).length).toBeLessThan(9_000);
  });
});

test('a process that was killed is told in the log of the next one', async () => {
  const begun = await begin();
  begun.scene.assign('a');
  const next = await begin();
  expect(log.at(-1)).toMatchObject({ msg: expect.stringMatching(/^job interrupted/), run: 'a', level: 40 });
  expect(resultsOf(next.history.list())).toEqual(['a interrupted']);
});

test('where nothing is to be kept, nothing is, and results are told all the same', async () => {
  const before = await begin();
  succeed(before, 'a');
  await before.history.close();
  const begun = await begin({ limit: 0 });
  const heard: string[] = [];
  begun.history.onFinished(({ runId }) => heard.push(runId));
  succeed(begun, 'b');
  begun.scene.assign('c');
  expect(resultsOf(begun.history.list())).toEqual(['c running']);
  expect(heard).toEqual(['b']);
  expect(await begun.history.log('b')).toEqual({ first: [], leftOut: 0, last: [] });
  expect(await readdir(stateDir)).toEqual([]);
});

test('a disk that takes nothing is told once, and jobs go on', async () => {
  await writeFile(join(stateDir, 'history'), 'in the way');
  const begun = await begin();
  for (const id of ['a', 'b', 'c']) succeed(begun, id);
  expect(resultsOf(begun.history.list())).toEqual(['c succeeded', 'b succeeded', 'a succeeded']);
  expect(log.filter(({ level }) => level === 50)).toMatchObject([
    { msg: expect.stringMatching(/history of jobs cannot be kept/), err: { type: 'Error' } },
  ]);
});

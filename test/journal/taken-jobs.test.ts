import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTakenJobs, type TakenJobs } from '../../src/journal/taken-jobs.ts';

let stateDir: string;
let jobs: TakenJobs;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'perry-taken-'));
  jobs = await openTakenJobs(stateDir);
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const file = () => join(stateDir, 'journal', 'jobs.json');

/** What the next process finds after this one was killed now. */
async function killed(): Promise<string[]> {
  await jobs.written();
  return (await openTakenJobs(stateDir)).interrupted.map(({ jobId }) => jobId);
}

test('of several jobs the hub takes back the last that it assigned; the others are left to us', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  await jobs.taken('3', 'c');
  expect(await killed()).toEqual(['a', 'b']);
});

test('one job alone is taken back by the hub', async () => {
  await jobs.taken('1', 'a');
  expect(await killed()).toEqual([]);
});

test('a result of any job makes the hub forget which it assigned last', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  await jobs.answering(['1']);
  expect(await killed()).toEqual(['b']);
});

test('what was said is not said again, and what the hub has heard is forgotten', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  await jobs.answering(['2']);
  jobs.settled('2');
  await jobs.answering(['1']);
  expect(await killed()).toEqual([]);
});

test('a job that the hub took back when a link broke is not ours, until it is handed out again', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  jobs.linkLost();
  expect(await killed()).toEqual(['a']);
  await jobs.taken('3', 'b');
  await jobs.taken('4', 'c');
  jobs.settled('2');
  expect(await killed()).toEqual(['a', 'b']);
});

test('a result that a broken link may have lost is open again', async () => {
  await jobs.taken('1', 'a');
  await jobs.answering(['1']);
  jobs.linkLost();
  expect(await killed()).toEqual(['a']);
});

test('jobs of a process before the previous one stay until the hub has heard of them', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  await jobs.written();
  jobs = await openTakenJobs(stateDir);
  await jobs.taken('3', 'c');
  await jobs.taken('4', 'd');
  expect(await killed()).toEqual(['a', 'c']);
  await jobs.answering(['1']);
  jobs.notHeard(['1']);
  expect(jobs.interrupted.map(({ jobId }) => jobId)).toEqual(['a']);
  await jobs.answering(['1']);
  jobs.settled('1');
  expect(jobs.interrupted).toEqual([]);
});

test('a job that is handed out again is a job of this process', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  await jobs.written();
  jobs = await openTakenJobs(stateDir);
  await jobs.taken('3', 'a');
  expect(jobs.interrupted).toEqual([]);
});

test('it holds ids and times, for its owner alone', async () => {
  await jobs.taken('1', 'a');
  const job = { jobId: 'a', assignmentId: '1', takenAtMs: expect.any(Number), standing: 'open' };
  expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual({ lastAssigned: 'a', jobs: [job] });
  expect((await stat(file())).mode & 0o777).toBe(0o600);
});

test.each(['', '{"lastAssigned":', '[]', '{"lastAssigned":1,"jobs":[{}]}'])(
  'a journal that a disk lost (%j) is an empty one',
  async (text) => {
    await mkdir(join(stateDir, 'journal'), { recursive: true });
    await writeFile(file(), text);
    expect((await openTakenJobs(stateDir)).interrupted).toEqual([]);
  },
);

test('ten thousand jobs at once share their writes', async () => {
  const ids = Array.from({ length: 10_000 }, (_, n) => `job-${n}`);
  await Promise.all(ids.map((id) => jobs.taken(id, id)));
  expect(await killed()).toHaveLength(9_999);
});

import { appendFile, mkdir, mkdtemp, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTakenJobs, type TakenJobs } from '../../src/journal/taken-jobs.ts';

let stateDir: string;
let jobs: TakenJobs;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'perry-taken-'));
  jobs = openTakenJobs(stateDir);
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const linesIn = async (): Promise<unknown[]> =>
  (await readFile(file(), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const file = () => join(stateDir, 'journal', 'jobs.jsonl');

/** What the next process finds after this one was killed now. */
const killed = (): string[] => openTakenJobs(stateDir).interrupted.map(({ jobId }) => jobId);

test('of several jobs the hub takes back the last that it assigned; the others are left to us', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  await jobs.taken('3', 'c');
  expect(killed()).toEqual(['a', 'b']);
});

test('one job alone is taken back by the hub', async () => {
  await jobs.taken('1', 'a');
  expect(killed()).toEqual([]);
});

test('a result of any job makes the hub forget which it assigned last', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  jobs.answering(['1']);
  expect(killed()).toEqual(['b']);
});

test('what was said is not said again, and what the hub has heard is forgotten', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  jobs.answering(['2']);
  jobs.settled(['2']);
  jobs.answering(['1']);
  expect(killed()).toEqual([]);
});

test.each([
  ['whose result was written to a link that may have been dead', () => jobs.answering(['1'])],
  ['that the hub took back with a link, unless it had assigned another one', () => jobs.linkLost()],
  ['that the hub took back with the process, unless it had assigned another one', () => {}],
])('a job %s is watched by the next process', async (_, before) => {
  await jobs.taken('1', 'a');
  before();
  const next = openTakenJobs(stateDir);
  expect([next.interrupted, next.unsure.map(({ jobId }) => jobId)]).toEqual([[], ['a']]);
  next.settled(['1']);
  expect(openTakenJobs(stateDir).unsure).toEqual([]);
});

test('a job that the hub took back when a link broke is not ours, until it is handed out again', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  jobs.linkLost();
  expect(killed()).toEqual(['a']);
  await jobs.taken('3', 'b');
  await jobs.taken('4', 'c');
  jobs.settled(['2']);
  expect(killed()).toEqual(['a', 'b']);
});

test('a result that a broken link may have lost is open again', async () => {
  await jobs.taken('1', 'a');
  jobs.answering(['1']);
  jobs.linkLost();
  expect(killed()).toEqual(['a']);
});

test('jobs of a process before the previous one stay until the hub has heard of them', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  jobs = openTakenJobs(stateDir);
  await jobs.taken('3', 'c');
  await jobs.taken('4', 'd');
  expect(killed()).toEqual(['a', 'c']);
  jobs.answering(['1']);
  jobs.notHeard(['1']);
  expect(jobs.interrupted.map(({ jobId }) => jobId)).toEqual(['a']);
  jobs.answering(['1']);
  jobs.settled(['1']);
  expect(jobs.interrupted).toEqual([]);
});

test('a job that is handed out again is a job of this process', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  jobs = openTakenJobs(stateDir);
  await jobs.taken('3', 'a');
  expect(jobs.interrupted).toEqual([]);
});

test('it holds ids and times, for its owner alone', async () => {
  await jobs.taken('1', 'a');
  jobs.answering(['1']);
  const job = { jobId: 'a', assignmentId: '1', takenAtMs: expect.any(Number), standing: 'open' };
  expect(await linesIn()).toEqual([
    { type: 'taken', job },
    { type: 'last', jobId: 'a' },
    { type: 'answering', ids: ['1'] },
  ]);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
});

test.each(['', '{"type":', '[]', '{"type":"taken","job":{}}', '{"type":"last","jobId":1}'])(
  'a line that a disk lost (%j) is left out',
  async (line) => {
    await jobs.taken('1', 'a');
    await jobs.taken('2', 'b');
    await appendFile(file(), line);
    expect(killed()).toEqual(['a']);
  },
);

test('a journal with a line that is damaged is moved aside, and what could be read of it stays for the next process', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  await appendFile(file(), 'what?\n');
  const moved: string[] = [];
  openTakenJobs(stateDir, undefined, (place) => moved.push(place)).close();
  expect(moved).toEqual([`${file()}.unread`]);
  expect(killed()).toEqual(['a']);
});

test('answers for interrupted jobs, which have a link of their own, leave the slot of this one alone', async () => {
  await jobs.taken('1', 'a');
  await jobs.taken('2', 'b');
  jobs = openTakenJobs(stateDir);
  await jobs.taken('3', 'c');
  jobs.answering(['1']);
  jobs.settled(['1']);
  expect(killed()).toEqual([]);
});

test('what it holds does not grow with the jobs that are over', async () => {
  await jobs.taken('kept', 'kept');
  for (let n = 0; n < 12_000; n += 1) {
    void jobs.taken(`${n}`, `job-${n}`);
    jobs.answering([`${n}`]);
    jobs.settled([`${n}`]);
  }
  await jobs.taken('last', 'last');
  expect((await linesIn()).length).toBeLessThan(10_010);
  expect(killed()).toEqual(['kept']);
});

test('a disk that takes nothing is said, and what it missed is written as soon as it can be', async () => {
  const faults: unknown[] = [];
  jobs = openTakenJobs(stateDir, (error) => faults.push(error));
  await mkdir(file(), { recursive: true });
  await jobs.taken('1', 'a');
  expect(faults.length).toBeGreaterThan(0);
  await rmdir(file());
  await jobs.taken('2', 'b');
  expect(killed()).toEqual(['a']);
});

test('what comes after it was let go of is written as well', async () => {
  await jobs.taken('1', 'a');
  jobs.close();
  await jobs.taken('2', 'b');
  jobs.answering(['1']);
  jobs.close();
  await jobs.taken('3', 'c');
  expect(killed()).toEqual(['b']);
});

test('twelve thousand jobs at once cost little', async () => {
  const ids = Array.from({ length: 12_000 }, (_, n) => `job-${n}`);
  await Promise.all(ids.map((id) => jobs.taken(id, id)));
  expect(killed()).toHaveLength(11_999);
});

import { expect, test } from 'vitest';
import { historyRoutes } from '../../src/daemon/history-routes.ts';
import { selected } from '../../src/history/kept-records.ts';
import type { History } from '../../src/history/record.ts';
import { findRoute, type WebAnswer } from '../../src/web/route.ts';
import { failed, recordOf, running } from './sample-record.ts';

const records = [
  recordOf('a', { endedAtMs: 5 }),
  recordOf('b', { ...failed(), endedAtMs: 6 }),
  recordOf('c', running),
];
const log = { first: [{ atMs: 1, level: 30, message: 'one', facts: {} }], leftOut: 0, last: [] };
const history: History = {
  list: (options) => selected(records, options),
  record: (id) => records.find(({ runId, jobId }) => runId === id || jobId === id),
  log: async () => log,
  onFinished: () => () => {},
  onLine: () => () => {},
};

async function ask(path: string, query = ''): Promise<WebAnswer> {
  const found = findRoute(historyRoutes(history), path);
  const answer = await found?.route.get?.({
    ...{ params: found.params, query: new URLSearchParams(query), body: undefined },
    signal: new AbortController().signal,
  });
  if (!answer) throw new Error(`nothing answers at ${path}`);
  return answer;
}
const jobsIn = ({ body }: WebAnswer) =>
  (JSON.parse(String(body)) as { jobs: { runId: string; path: unknown[] }[] }).jobs;

test('jobs are listed newest first, without the way that they took', async () => {
  const jobs = jobsIn(await ask('/api/jobs'));
  expect(jobs.map(({ runId }) => runId)).toEqual(['c', 'b', 'a']);
  expect(jobs.every(({ path }) => path.length === 0)).toBe(true);
});

test.each([
  ['limit=1', ['c']],
  ['failedOnly=true', ['b']],
  ['failedOnly=false&limit=2', ['c', 'b']],
  ['sinceMs=6', ['c', 'b']],
])('with %s there are fewer', async (query, expected) => {
  expect(jobsIn(await ask('/api/jobs', query)).map(({ runId }) => runId)).toEqual(expected);
});

test.each(['limit=-1', 'limit=all', 'sinceMs=then', 'failedOnly=perhaps'])('%s is refused', async (query) => {
  expect(await ask('/api/jobs', query)).toMatchObject({ status: 400 });
});

test('one job is told with its way and its log, by the name of its run or its own', async () => {
  for (const id of ['b', 'job-b']) {
    const { body } = await ask(`/api/jobs/${id}`);
    expect(JSON.parse(String(body))).toEqual({ record: records[1], log });
  }
  expect(await ask('/api/jobs/x')).toMatchObject({ status: 404 });
});

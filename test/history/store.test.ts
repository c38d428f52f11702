import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logFolderOf } from '../../src/history/log-file.ts';
import { readHistory } from '../../src/history/read-history.ts';
import type { JobRecord, LogEntry } from '../../src/history/record.ts';
import { readRecords, recordsPathOf } from '../../src/history/record-file.ts';
import { type HistoryStore, openHistoryStore } from '../../src/history/store.ts';
import { failed, recordOf, running } from './sample-record.ts';

let stateDir: string;
let faults: unknown[];
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'perry-history-'));
  faults = [];
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const open = async (limit = 500): Promise<HistoryStore> => {
  const { store } = await openHistoryStore({ stateDir, limit, onFault: (error) => faults.push(error) });
  return store;
};
const line = (message: string): LogEntry => ({ atMs: 5, level: 30, message, facts: {} });
const idsOf = (records: readonly JobRecord[]) => records.map(({ runId }) => runId);
const logs = async () => (await readdir(logFolderOf(stateDir)).catch(() => [])).sort();

test('what was put last of each run is there in the next process, with its log', async () => {
  const store = await open();
  store.put(recordOf('a', running));
  store.addLine('a', line('one'));
  store.put(recordOf('b'));
  store.put(recordOf('a', failed()));
  store.addLine('a', line('two'));
  await store.close();
  const next = await open();
  expect(next.records).toEqual([recordOf('b'), recordOf('a', failed())]);
  expect(await next.log('a')).toEqual({ first: [line('one'), line('two')], leftOut: 0, last: [] });
  expect(await next.log('b')).toEqual({ first: [], leftOut: 0, last: [] });
  await next.close();
  expect(faults).toEqual([]);
});

test('only the owner can read it', async () => {
  const store = await open();
  store.put(recordOf('a'));
  store.addLine('a', line('one'));
  await store.close();
  const paths = [recordsPathOf(stateDir), join(logFolderOf(stateDir), 'a.jsonl')];
  for (const path of paths) expect((await stat(path)).mode & 0o077).toBe(0);
});

describe('as many runs are kept as is said', () => {
  test('and the logs of others go with them', async () => {
    const store = await open(3);
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      store.put(recordOf(id, running));
      store.addLine(id, line(id));
      store.put(recordOf(id));
      store.endLog(id);
    }
    await store.close();
    expect(idsOf(store.records)).toEqual(['c', 'd', 'e']);
    expect(await logs()).toEqual(['c.jsonl', 'd.jsonl', 'e.jsonl']);
    expect(idsOf((await open(2)).records)).toEqual(['d', 'e']);
  });

  test('those that go on are never given up', async () => {
    const store = await open(1);
    for (const id of ['a', 'b']) store.put(recordOf(id, running));
    store.put(recordOf('c'));
    expect(idsOf(store.records)).toEqual(['a', 'b']);
    await store.close();
  });

  test('a flood of refused assignments pushes out no job that ran', async () => {
    const store = await open(10);
    for (const id of ['a', 'b', 'c']) store.put(recordOf(id, failed()));
    for (let n = 0; n < 100; n += 1) store.put(recordOf(`no-${n}`, { ...failed(), result: 'notTaken' }));
    expect(idsOf(store.records)).toEqual(['a', 'b', 'c', 'no-98', 'no-99']);
    await store.close();
  });

  test('and the file grows no further', async () => {
    const store = await open(20);
    for (let n = 0; n < 10_000; n += 1) store.put(recordOf(`run-${n}`));
    await store.close();
    const { size } = await stat(recordsPathOf(stateDir));
    expect(size).toBeLessThan(2_000 * 1_000);
    expect(idsOf((await open(20)).records)).toEqual(Array.from({ length: 20 }, (_, n) => `run-${9_980 + n}`));
  });
});

describe('after a kill', () => {
  test('a torn last line is left out, and what comes next is whole', async () => {
    const store = await open();
    store.put(recordOf('a'));
    await store.close();
    await appendFile(recordsPathOf(stateDir), JSON.stringify(recordOf('b')).slice(0, 100));
    const next = await open();
    expect(idsOf(next.records)).toEqual(['a']);
    next.put(recordOf('c'));
    await next.close();
    expect(idsOf(await readRecords(stateDir))).toEqual(['a', 'c']);
  });

  test('a run that goes on takes as long as it has until now, and one that has ended what it took', async () => {
    const store = await open();
    store.put(recordOf('a'));
    store.put(recordOf('b', running));
    await store.close();
    const found = await readHistory(stateDir, true, 21_000);
    expect(found.map(({ runId, durationMs }) => [runId, durationMs])).toEqual([
      ['b', 20_000],
      ['a', 3_000],
    ]);
  });

  test('a run that went on was interrupted when it was last heard of', async () => {
    const store = await open();
    store.put(recordOf('a', running));
    store.put(recordOf('b', running));
    store.addLine('b', line('one'));
    await utimes(join(logFolderOf(stateDir), 'b.jsonl'), 9, 9);
    const options = { stateDir, limit: 500, onFault: (error: unknown) => faults.push(error) };
    const { store: next, interrupted } = await openHistoryStore(options);
    expect(interrupted).toEqual(next.records);
    expect(next.records).toMatchObject([
      { runId: 'a', result: 'interrupted', endedAtMs: 1_500, durationMs: 500, stage: 'signing' },
      { runId: 'b', result: 'interrupted', endedAtMs: 9_000, durationMs: 8_000 },
    ]);
    expect(next.records[0]?.failure).toMatchObject({ code: 'WORKER_RESTARTED', kind: 'host' });
    // whoever reads the file while the next process runs sees the same
    expect(await readRecords(stateDir)).toEqual(next.records);
    expect((await openHistoryStore(options)).interrupted).toEqual([]);
    expect(faults).toEqual([]);
  });

  test('logs of which nobody knows the run are removed', async () => {
    const store = await open();
    store.put(recordOf('a'));
    for (const id of ['a', 'stranger']) store.addLine(id, line('one'));
    await store.close();
    await (await open()).close();
    expect(await logs()).toEqual(['a.jsonl']);
  });

  test('unless their records could not be read: then as many stay as runs, until nothing of that is left', async () => {
    const store = await open();
    for (const id of ['a', 'b', 'c']) {
      store.put(recordOf(id));
      store.addLine(id, line('one'));
    }
    await store.close();
    await utimes(join(logFolderOf(stateDir), 'b.jsonl'), 1, 1);
    await writeFile(recordsPathOf(stateDir), 'damaged');
    for (const _start of ['with the damage', 'and the next']) {
      await (await open(2)).close();
      expect(await logs()).toEqual(['a.jsonl', 'c.jsonl']);
    }
    await rm(`${recordsPathOf(stateDir)}.unread`);
    await (await open(2)).close();
    expect(await logs()).toEqual([]);
  });
});

describe('a file that somebody has been at', () => {
  const hostile: readonly unknown[] = [
    ...[null, 7, [], 'text', {}, { runId: 7 }, { runId: 'x' }],
    { ...recordOf('x'), v: 2 },
    { ...recordOf('x'), appName: 'y'.repeat(100_000) },
    { ...recordOf('x'), durationMs: 'long' },
    { ...recordOf('x'), path: Array.from({ length: 501 }, () => ({ atMs: 0, state: 's' })) },
    { ...recordOf('x'), artifacts: [{ name: 'a', sizeBytes: 1, sha256Hex: '../../etc' }] },
  ];

  test('gives what is whole in it, and nothing else', async () => {
    await mkdir(join(stateDir, 'history'));
    const lines = [...hostile.map((entry) => JSON.stringify(entry)), '{"', JSON.stringify(recordOf('a'))];
    await writeFile(recordsPathOf(stateDir), lines.join('\n'));
    expect(idsOf(await readRecords(stateDir))).toEqual(['a']);
  });

  test.each([
    ['a folder', (path: string) => mkdir(path, { recursive: true })],
    ['a pipe', async (path: string) => void execFileSync('mkfifo', [path])],
  ])('that is %s now is told, and jobs go on', async (_, make) => {
    await mkdir(join(stateDir, 'history'));
    await make(recordsPathOf(stateDir));
    const store = await open();
    expect(faults).toHaveLength(1);
    store.put(recordOf('a'));
    store.put(recordOf('b'));
    expect(idsOf(store.records)).toEqual(['a', 'b']);
    await store.close();
  });

  test('cannot lead a log to another place', async () => {
    await writeFile(join(stateDir, 'secret.jsonl'), `${JSON.stringify({ n: 1, ...line('secret') })}\n`);
    const store = await open();
    expect(await store.log('../../secret')).toEqual({ first: [], leftOut: 0, last: [] });
    await store.close();
  });
});

test('a folder that cannot be written is told, and nothing throws', async () => {
  await writeFile(join(stateDir, 'history'), 'in the way');
  const store = await open();
  store.put(recordOf('a'));
  store.addLine('a', line('one'));
  store.endLog('a');
  expect(faults.length).toBeGreaterThan(1);
  expect(await store.log('a')).toEqual({ first: [], leftOut: 0, last: [] });
  await store.close();
  expect(await readFile(join(stateDir, 'history'), 'utf8')).toBe('in the way');
});

describe('a long log', () => {
  const messagesOf = (entries: readonly LogEntry[]) => entries.map(({ message }) => message);

  test('keeps its first lines and its last ones, and says how many there were between', async () => {
    const store = await open();
    store.put(recordOf('a'));
    for (let n = 1; n <= 5_000; n += 1) store.addLine('a', line(`line ${n}`));
    const { first, leftOut, last } = await store.log('a');
    expect(messagesOf(first).slice(0, 2)).toEqual(['line 1', 'line 2']);
    expect(first).toHaveLength(1_000);
    expect(last.length).toBeGreaterThan(500);
    expect(last.length).toBeLessThanOrEqual(1_000);
    expect(messagesOf(last).at(-1)).toBe('line 5000');
    expect(first.length + leftOut + last.length).toBe(5_000);
    store.endLog('a');
    store.put(recordOf('a'));
    await store.close();
    await (await open(1)).close();
    expect(await logs()).toEqual(['a.before.jsonl', 'a.jsonl', 'a.last.jsonl']);
  });

  test('of long lines has no more bytes than one of short lines', async () => {
    const store = await open();
    store.put(recordOf('a'));
    for (let n = 1; n <= 500; n += 1) store.addLine('a', line('x'.repeat(4_000)));
    const sizes = await Promise.all((await logs()).map((name) => stat(join(logFolderOf(stateDir), name))));
    expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(256 * 1024);
    const { first, leftOut, last } = await store.log('a');
    expect(first.length + leftOut + last.length).toBe(500);
    await store.close();
  });

  test('that ends just where it is cut has no gap', async () => {
    const store = await open();
    for (let n = 1; n <= 1_400; n += 1) store.addLine('a', line(`line ${n}`));
    const { first, leftOut, last } = await store.log('a');
    expect([first.length, leftOut, last.length]).toEqual([1_000, 0, 400]);
    await store.close();
  });
});

import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { raisedFileIn } from '../../src/alarms/raised-file.ts';
import { instanceOf } from '../../src/daemon/instance.ts';
import { setAside } from '../../src/files/disk/set-aside.ts';
import { openHistoryStore } from '../../src/history/store.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { adoptState } from '../../src/journal/state-format.ts';
import { fileJournal } from '../../src/journal/submissions.ts';
import { openTakenJobs } from '../../src/journal/taken-jobs.ts';
import { recordOf } from '../history/sample-record.ts';

let stateDir: string;
let moved: string[];
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'perry-unread-'));
  moved = [];
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const onMoved = (place: string): void => void moved.push(place);
const HEX = 'ab'.repeat(32);
const submission = {
  submissionId: '2efe2717-52ef-43a5-96dc-0797e4ca1041',
  name: 'a',
  phase: 'uploaded',
} as const;

/** Each file of the state directory that a start reads and something is written into: what that is for the file. */
const files: readonly [string, () => Promise<unknown>][] = [
  ['instance', () => instanceOf(stateDir)],
  ['format.json', () => adoptState(stateDir, '1.2.3')],
  [
    'alarms.json',
    async () => {
      const file = raisedFileIn(stateDir, onMoved);
      await file.read();
      await file.write({ raised: [], undelivered: [], expiring: [] });
    },
  ],
  [
    'history/jobs.jsonl',
    async () => {
      const faults: unknown[] = [];
      const onFault = (error: unknown) => faults.push(error);
      const { store } = await openHistoryStore({ stateDir, limit: 9, onFault, onMoved });
      store.put(recordOf('b'));
      await store.close();
    },
  ],
  [
    'journal/jobs.jsonl',
    async () => {
      const jobs = openTakenJobs(stateDir, undefined, onMoved);
      await jobs.taken('1', 'a');
      jobs.close();
    },
  ],
  [
    `journal/submissions/${HEX}.json`,
    async () => {
      const journal = fileJournal(stateDir);
      await journal.find(HEX);
      await journal.record(HEX, submission);
    },
  ],
  [
    'journal/uploads/build.json',
    async () => {
      const journal = openJournal(stateDir);
      await journal.findUpload('build');
      await journal.recordUpload('build', 'u-1');
    },
  ],
];
const damages: readonly [string, (path: string) => Promise<unknown>][] = [
  ['half of a text', (path) => writeFile(path, '{"v":1,"raised":[{\n')],
  ['zeros', (path) => writeFile(path, `${'\0'.repeat(64)}\n`)],
  ['zeros without an end', (path) => writeFile(path, '\0'.repeat(64))],
  [
    'lines of something else, and one of ours',
    (path) => writeFile(path, `what?\n${JSON.stringify(recordOf('a'))}\n`),
  ],
  ['a folder', (path) => mkdir(path)],
  ['a pipe', async (path) => void execFileSync('mkfifo', [path])],
];
const cases = files.flatMap(([file, use]) => damages.map(([what, make]) => ({ file, what, use, make })));

/** What lies there: a text, or what else it is. */
const contentOf = (path: string) => readFile(path, 'utf8').catch((error) => error.code as string);
const seen = async (path: string, what: string) =>
  what === 'a pipe' ? (await readdir(dirname(path))).length : contentOf(path);

describe('what cannot be read in the state directory is refused or moved aside, and nothing of it is lost', () => {
  test.each(cases)('$file: $what', async ({ file, what, use, make }) => {
    const path = join(stateDir, file);
    await mkdir(dirname(path), { recursive: true });
    await make(path);
    const before = await seen(path, what);
    const refusal = await use().then(
      () => undefined,
      (error: unknown) => error,
    );
    const aside = `${path}.unread`;
    const isAside = (await readdir(dirname(path))).includes(basename(aside));
    if (refusal === undefined) expect(isAside).toBe(true);
    else expect(refusal).toMatchObject({ code: expect.stringMatching(/^STATE_/) });
    if (what !== 'a pipe') expect(await contentOf(isAside ? aside : path)).toEqual(before);
    // whoever reads a log is told where it is; records of single jobs are told of by what is done once more
    if (isAside && !/submissions|uploads/.test(file)) expect(moved).toEqual([aside]);
  });

  test('a history that cannot be moved aside is left alone, and none is kept', async () => {
    const path = join(stateDir, 'history', 'jobs.jsonl');
    await mkdir(dirname(path));
    for (const name of ['', '.2', '.3', '.4', '.5']) await writeFile(`${path}.unread${name}`, 'earlier');
    await writeFile(path, 'what?\nwhat?\n');
    const faults: unknown[] = [];
    const { store } = await openHistoryStore({
      stateDir,
      limit: 9,
      onFault: (error) => faults.push(error),
      onMoved,
    });
    store.put(recordOf('b'));
    await store.close();
    expect(await readFile(path, 'utf8')).toBe('what?\nwhat?\n');
    expect(faults).toMatchObject([{ code: 'STATE_UNREADABLE' }]);
    expect([store.records.length, moved]).toEqual([1, []]);
  });

  test('five of one file are kept, and no more is moved', async () => {
    const path = join(stateDir, 'file');
    for (let round = 0; round < 5; round += 1) {
      await writeFile(path, `${round}`);
      setAside(path);
    }
    await writeFile(path, '5');
    expect(() => setAside(path)).toThrow(/5 earlier ones/);
    const names = await readdir(stateDir);
    expect(await Promise.all(names.sort().map((name) => readFile(join(stateDir, name), 'utf8')))).toEqual([
      '5',
      '0',
      '1',
      '2',
      '3',
      '4',
    ]);
  });
});

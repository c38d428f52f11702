import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChainFile } from '../../src/audit/chain-file.ts';
import { digestOf, MAX_NUMBER, type Position } from '../../src/audit/chain-line.ts';
import { headPathOf } from '../../src/audit/head.ts';
import { markPathOf } from '../../src/audit/places.ts';
import { showChain } from '../../src/audit/show-chain.ts';
import { verifyChain } from '../../src/audit/verify-chain.ts';

const signal = new AbortController().signal;
let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perry-chain-'));
  path = join(dir, 'signatures.jsonl');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const text = () => readFile(path, 'utf8');
const lines = async () => (await text()).trimEnd().split('\n');
const kinds = async () => (await lines()).map((line) => JSON.parse(line).kind);
const write = (all: readonly string[]) => writeFile(path, all.map((line) => `${line}\n`).join(''));
const verify = (noted?: readonly Position[]) => verifyChain(path, { signal, ...(noted && { noted }) });
const codes = async () => (await verify()).findings.map(({ code, line }) => `${code} ${line}`);

async function shownOf(job: string): Promise<unknown[]> {
  const shown: unknown[] = [];
  for await (const line of showChain(path, { signal, job })) shown.push(line);
  return shown;
}

/** A chain of `begun` and some lines about jobs. */
async function chainOf(count: number): Promise<void> {
  const chain = new ChainFile({ path });
  for (let at = 0; at < count; at += 1) await chain.append({ kind: 'signed', job: `job-${at}` });
  await chain.close();
}

/** What the next process makes of it: the faults that it tells of. */
async function nextProcess(): Promise<string[]> {
  const faults: string[] = [];
  const chain = new ChainFile({ path, onBroken: (fault) => faults.push(fault) });
  await chain.check();
  await chain.append({ kind: 'signed', job: 'next' });
  await chain.close();
  return faults;
}

describe('a chain', () => {
  test('holds the digest of the line before in each line, and that of the last one in its head', async () => {
    await chainOf(3);
    const all = await lines();
    const parsed = all.map((line) => JSON.parse(line));
    expect(parsed.map(({ number, kind }) => [number, kind])).toEqual([
      [1, 'begun'],
      [2, 'signed'],
      [3, 'signed'],
      [4, 'signed'],
    ]);
    expect(parsed.map(({ previous }) => previous)).toEqual([
      '0'.repeat(64),
      ...all.slice(0, 3).map(digestOf),
    ]);
    const head = JSON.parse(await readFile(headPathOf(path), 'utf8'));
    expect(head).toEqual({ v: 1, number: 4, sha256Hex: digestOf(all[3] ?? '') });
    expect(await verify()).toMatchObject({
      ok: true,
      lines: 4,
      findings: [],
      remarks: [],
      last: { number: 4 },
    });
  });

  test('goes on in the next process, and takes lines that come at once one after another', async () => {
    await chainOf(1);
    const chain = new ChainFile({ path });
    await Promise.all(Array.from({ length: 50 }, (_, job) => chain.append({ kind: 'signed', job })));
    await chain.close();
    expect(await verify()).toMatchObject({ ok: true, lines: 52 });
  });

  test('is not made before there is a line', async () => {
    const chain = new ChainFile({ path });
    await chain.check();
    await expect(text()).rejects.toThrow('ENOENT');
    expect(await nextProcess()).toEqual([]);
    expect(await kinds()).toEqual(['begun', 'signed']);
  });

  test('tells of each line that is on the disk, for a log that is kept elsewhere, and is held against that', async () => {
    const told: Position[] = [];
    const chain = new ChainFile({ path, onWritten: (position) => told.push(position) });
    await chain.append({ kind: 'signed' });
    await chain.append({ kind: 'signed' });
    await chain.close();
    expect(told.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(await verify(told)).toMatchObject({ ok: true });
    // whoever may write all of it makes a chain that fits itself, and not what was noted down
    await Promise.all([path, headPathOf(path), markPathOf(path)].map((file) => rm(file)));
    await chainOf(2);
    expect(await verify()).toMatchObject({ ok: true });
    expect((await verify(told)).findings.map(({ code }) => code)).toContain('NOT_AS_NOTED');
    expect(await verify([{ number: 9, sha256Hex: '0'.repeat(64) }])).toMatchObject({
      findings: [{ line: null, code: 'NOT_AS_NOTED', message: 'There is no line 9.' }],
    });
  });
});

describe('a kill or a loss of power', () => {
  test('at any byte of a line leaves what the next process closes off, and hides nothing', async () => {
    await chainOf(2);
    const [before, head] = [await readFile(path), await readFile(headPathOf(path))];
    await chainOf(1);
    const after = await readFile(path);
    for (let size = before.length; size <= after.length; size += 7) {
      await writeFile(path, after.subarray(0, size));
      await writeFile(headPathOf(path), head);
      expect(await verify()).toMatchObject({ ok: true });
      expect(await nextProcess()).toEqual([]);
      const left = (await readFile(path)).subarray(0, size);
      expect(left).toEqual(after.subarray(0, size));
      const report = await verify();
      expect(report).toMatchObject({ ok: true });
      const isTorn = size > before.length && size < after.length - 1;
      expect(report.remarks).toHaveLength(isTorn ? 1 : 0);
      if (isTorn) expect((await text()).split('\n').map(kindOf)).toContain('recovered');
    }
  });

  test('between a line and its head leaves a whole chain', async () => {
    await chainOf(2);
    const head = await readFile(headPathOf(path));
    await chainOf(1);
    await writeFile(headPathOf(path), head);
    // it may as well be one that somebody has added, and that is said
    const remarks = [expect.stringMatching(/^Line 4: .*one more than that of the head/)];
    expect(await verify()).toMatchObject({ ok: true, remarks });
    expect(await nextProcess()).toEqual([]);
    expect(await verify()).toMatchObject({ ok: true, lines: 5, remarks: [] });
  });

  test('in the middle of the first line of all leaves a chain that begins with what became of it', async () => {
    await writeFile(path, '{"v":1,"num');
    expect(await nextProcess()).toEqual([]);
    expect((await text()).split('\n').map(kindOf)).toEqual([undefined, 'recovered', 'signed', undefined]);
    expect(await verify()).toMatchObject({ ok: true, lines: 2 });
  });

  test('while the rest of a line was being named is named as well', async () => {
    await chainOf(2);
    await appendFile(path, '{"v":1,"number":4,"at"\n{"v":1,"num');
    expect(await nextProcess()).toEqual([]);
    expect(await verify()).toMatchObject({
      ok: true,
      lines: 5,
      remarks: [expect.stringContaining('34 bytes')],
    });
  });

  test('that leaves zeros in the place of a line leaves zeros', async () => {
    await chainOf(2);
    await appendFile(path, Buffer.alloc(4096));
    expect(await nextProcess()).toEqual([]);
    expect(await verify()).toMatchObject({ ok: true, remarks: [expect.stringContaining('4096 bytes')] });
  });

  test('is not believed of remains that are other ones than those that were named', async () => {
    await chainOf(2);
    await appendFile(path, '{"v":1,"number":4,"job":"mine"');
    await nextProcess();
    await writeFile(path, (await text()).replace('mine', 'hers'));
    expect(await codes()).toEqual(['LINE_UNREADABLE 4']);
    await writeFile(
      path,
      (await lines())
        .toSpliced(3, 1)
        .map((line) => `${line}\n`)
        .join(''),
    );
    expect(await codes()).toEqual(['LINES_MISSING 4']);
  });
});

const kindOf = (line: string): unknown => {
  try {
    return JSON.parse(line).kind;
  } catch {
    return undefined;
  }
};

/** What somebody does to a chain of six lines, what is found, and at which line of the file. */
const TAMPERING: Readonly<Record<string, [(all: string[]) => string[], string[], RegExp | undefined]>> = {
  'changes a line': [
    (all) => all.with(2, (all[2] ?? '').replace('job-1', 'job-9')),
    ['LINE_CHANGED 3'],
    undefined,
  ],
  'changes the last line': [
    (all) => all.with(5, (all[5] ?? '').replace('job-4', 'job-9')),
    ['HEAD_WRONG null'],
    /its last line, 6, was changed/,
  ],
  'changes the first line': [
    (all) => all.with(0, (all[0] ?? '').replace('"at":"2', '"at":"3')),
    ['LINE_CHANGED 1'],
    undefined,
  ],
  'takes a line out': [(all) => all.toSpliced(2, 1), ['LINES_MISSING 3'], undefined],
  'takes the first line out': [(all) => all.slice(1), ['LINES_MISSING 1'], undefined],
  'takes several lines out': [(all) => all.toSpliced(1, 3), ['LINES_MISSING 2'], undefined],
  'cuts the last line off': [(all) => all.slice(0, -1), ['HEAD_WRONG null'], /ends with line 5, and had 6/],
  'cuts all lines off': [() => [], ['HEAD_WRONG null'], /gone or empty, and had 6/],
  'puts two lines in another order': [
    (all) => [...all.slice(0, 2), all[3] ?? '', all[2] ?? '', ...all.slice(4)],
    ['LINES_MISSING 3', 'LINES_OUT_OF_ORDER 4', 'LINES_MISSING 5'],
    undefined,
  ],
  'puts a line in twice': [(all) => all.toSpliced(2, 0, all[1] ?? ''), ['LINES_OUT_OF_ORDER 3'], undefined],
  'puts something else in': [(all) => all.toSpliced(2, 0, 'hello'), ['LINE_UNREADABLE 3'], undefined],
  'puts a line in the form of ours at the end': [
    (all) => [
      ...all,
      ...(['x', 'y'] as const).map((job, at) =>
        (all[5] ?? '').replace('"number":6', `"number":${7 + at}`).replace('job-4', job),
      ),
    ],
    ['LINE_CHANGED 6', 'LINE_CHANGED 7', 'HEAD_WRONG null'],
    /lines were added after line 6/,
  ],
  'makes a line longer than any': [
    (all) => all.with(2, `${all[2]}${' '.repeat(600_000)}`),
    ['LINE_UNREADABLE 3', 'LINES_MISSING 4'],
    undefined,
  ],
};

describe('who', () => {
  test.each(Object.entries(TAMPERING))('%s is noticed', async (_, [tamper, found, fault]) => {
    await chainOf(5);
    await write(tamper(await lines()));
    expect(await codes()).toEqual(found);
    const faults = await nextProcess();
    if (fault) expect(faults).toEqual([expect.stringMatching(fault)]);
    else expect(faults).toEqual([]);
    // nor does the next process cover it up
    expect((await codes()).length).toBeGreaterThan(0);
    if (fault) expect(await codes()).toContainEqual(expect.stringMatching(/^CHAIN_WAS_BROKEN/));
  });

  test('changes a line and all digests after it is noticed by the head', async () => {
    await chainOf(3);
    const [first = '', ...others] = await lines();
    let previous = first.replace('begun', 'begin');
    const forged = [previous];
    for (const line of others) {
      previous = JSON.stringify({ ...JSON.parse(line), previous: digestOf(previous) });
      forged.push(previous);
    }
    await write(forged);
    expect(await codes()).toEqual(['HEAD_WRONG null']);
    expect(await nextProcess()).toEqual([expect.stringMatching(/last line, 4, was changed/)]);
  });

  test.each([
    ['removes the head', (head: string) => rm(head), /head is gone/],
    [
      'writes something else into the head',
      (head: string) => writeFile(head, 'hello'),
      /head cannot be read/,
    ],
  ])('%s is noticed', async (_, tamper, fault) => {
    await chainOf(3);
    await tamper(headPathOf(path));
    expect(await codes()).toEqual(['HEAD_WRONG null']);
    expect(await nextProcess()).toEqual([expect.stringMatching(fault)]);
    expect(await codes()).toEqual(['CHAIN_WAS_BROKEN 5']);
  });

  test('removes the file is noticed: the next number says how many lines there were', async () => {
    await chainOf(3);
    await rm(path);
    expect(await nextProcess()).toEqual([expect.stringMatching(/gone or empty, and had 4 lines/)]);
    expect((await lines()).map((line) => JSON.parse(line).number)).toEqual([5, 6]);
    expect(await codes()).toEqual(['CHAIN_WAS_BROKEN 1']);
  });

  test.each([
    [3 * 1024 * 1024, false],
    [3 * 1024 * 1024, true],
    [600_000, true],
  ])('fills the end with what is no line is noticed: %d bytes, closed: %s', async (size, isClosed) => {
    await chainOf(3);
    await appendFile(path, Buffer.alloc(size, 'x'));
    if (isClosed) await appendFile(path, '\n');
    expect(await codes()).toEqual(['LINE_UNREADABLE 5']);
    expect(await nextProcess()).toEqual([expect.stringMatching(/not made of lines/)]);
    expect(await codes()).toEqual(expect.arrayContaining([expect.stringMatching(/^CHAIN_WAS_BROKEN/)]));
  });
});

/** The highest number that is read, and those around the highest that JavaScript counts to. */
describe.each([MAX_NUMBER - 1, MAX_NUMBER, MAX_NUMBER + 1, Number.MAX_SAFE_INTEGER, 2 ** 53])(
  'a number of %d',
  (number) => {
    const forged = async (after: string) =>
      JSON.stringify({ ...JSON.parse(after), number, previous: digestOf(after) });
    const head = (after: string) =>
      writeFile(headPathOf(path), JSON.stringify({ v: 1, number, sha256Hex: digestOf(after) }));

    test.each([
      ['head', async () => head('')],
      ['last line', async () => appendFile(path, `${await forged((await lines()).at(-1) ?? '')}\n`)],
      [
        'last line and its head',
        async () => {
          const line = await forged((await lines()).at(-1) ?? '');
          await appendFile(path, `${line}\n`);
          await head(line);
        },
      ],
    ])('in its %s keeps no later line from being read, nor from being acknowledged', async (_, tamper) => {
      await chainOf(2);
      await tamper();
      await nextProcess();
      await nextProcess();
      const shown = await shownOf('next');
      expect(shown).toHaveLength(2);
      const { breaksId } = await verify();
      const chain = new ChainFile({ path });
      if (breaksId) await chain.acknowledge({ breaksId, reason: 'r', by: 't' }, signal);
      await chain.close();
      await nextProcess();
      expect(await verify()).toMatchObject({ ok: true });
    });
  },
);

describe('a chain that is gone with its head', () => {
  test.each([
    ['removed', rm],
    ['emptied', (file: string) => truncate(file)],
    ['cut to a piece of its first line', (file: string) => truncate(file, 20)],
    ['cut to its first line', async () => write((await lines()).slice(0, 1))],
  ])('is missed: %s', async (_, tamper) => {
    await chainOf(3);
    await tamper(path);
    await rm(headPathOf(path));
    expect(await codes()).toEqual(['HEAD_WRONG null']);
    expect(await nextProcess()).toEqual([expect.stringMatching(/is gone|it had lines/)]);
    expect(await codes()).toEqual([expect.stringMatching(/^CHAIN_WAS_BROKEN/)]);
  });

  test('is one of which an older version wrote no mark, once another line was added', async () => {
    await chainOf(1);
    await rm(markPathOf(path));
    expect(await verify()).toMatchObject({ ok: true });
    await chainOf(1);
    await rm(path);
    await rm(headPathOf(path));
    expect(await codes()).toEqual(['HEAD_WRONG null']);
  });

  test('is no chain whose first line was the last thing before a kill', async () => {
    await chainOf(1);
    await rm(markPathOf(path));
    await write((await lines()).slice(0, 1));
    await rm(headPathOf(path));
    expect(await verify()).toMatchObject({ ok: true });
    expect(await nextProcess()).toEqual([]);
    expect(await verify()).toMatchObject({ ok: true });
  });
});

test('a chain that could not be written to goes on when it can be again, and says what was left', async () => {
  await chainOf(1);
  const chain = new ChainFile({ path });
  await chain.append({ kind: 'signed' });
  // a line that is too long is a defect of ours, and costs the chain nothing
  await expect(chain.append({ kind: 'signed', job: 'x'.repeat(600_000) })).rejects.toThrow('too long');
  await expect(chain.append({ kind: 'Signed' })).rejects.toThrow('read back');
  await rm(headPathOf(path));
  await writeFile(`${headPathOf(path)}.draft`, '');
  await chain.append({ kind: 'signed' });
  await chain.close();
  expect(await verify()).toMatchObject({ ok: true, lines: 4 });
  await truncate(path, 10);
  expect(await verify()).toMatchObject({ ok: false });
});

test.each([
  ['moved away', () => rename(path, `${path}.1`)],
  ['put back from a copy', () => writeFile(`${path}.1`, '').then(() => rename(`${path}.1`, path))],
])(
  'a file that is %s under the one who writes gets no line any more, and the next one says so',
  async (_, tamper) => {
    const faults: string[] = [];
    const chain = new ChainFile({ path, onBroken: (fault) => faults.push(fault) });
    await chain.append({ kind: 'signed', job: 'a' });
    await tamper();
    await chain.append({ kind: 'signed', job: 'b' });
    await chain.close();
    expect(faults).toEqual(['the file is gone or empty, and had 2 lines']);
    expect(await kinds()).toEqual(['broken', 'signed']);
    expect(await codes()).toEqual(['CHAIN_WAS_BROKEN 1']);
  },
);

/** By somebody who leaves the file where it is, and what the next line says of it. */
const UNDER_A_WRITER: Readonly<Record<string, [() => Promise<unknown>, RegExp]>> = {
  emptied: [() => truncate(path), /gone or empty, and had 2 lines/],
  'cut off': [async () => truncate(path, (await text()).length - 1), /changed while/],
  'changed in its last line': [
    async () => writeFile(path, (await text()).replace('"job":"a"', '"job":"x"')),
    /its last line, 2, was changed/,
  ],
  'changed before its last line': [
    async () => writeFile(path, (await text()).replace('"at":"2', '"at":"3')),
    /changed while/,
  ],
  'given something behind it': [() => appendFile(path, 'hello\n'), /changed while/],
  'given a line that follows its last one': [
    async () => {
      const last = (await lines()).at(-1) ?? '';
      const forged = { ...JSON.parse(last), number: 3, previous: digestOf(last) };
      await appendFile(path, `${JSON.stringify(forged)}\n`);
    },
    /changed while/,
  ],
};

test.each(Object.entries(UNDER_A_WRITER))(
  'a file that is %s under the one who writes is noticed by the next line',
  async (_, [tamper, fault]) => {
    const faults: string[] = [];
    const chain = new ChainFile({ path, onBroken: (found) => faults.push(found) });
    await chain.append({ kind: 'signed', job: 'a' });
    await tamper();
    await chain.append({ kind: 'signed', job: 'b' });
    await chain.append({ kind: 'signed', job: 'c' });
    await chain.close();
    expect(faults).toEqual([expect.stringMatching(fault)]);
    expect(chain.fault).toMatch(fault);
    expect(await codes()).toContainEqual(expect.stringMatching(/^CHAIN_WAS_BROKEN/));
    expect(await shownOf('b')).toHaveLength(1);
  },
);

test('a link in the place of the file is followed by nobody, and one in that of the head is no head', async () => {
  await chainOf(2);
  await rename(path, `${path}.1`);
  await symlink(`${path}.1`, path);
  await expect(nextProcess()).rejects.toMatchObject({ code: 'ELOOP' });
  await expect(verify()).rejects.toMatchObject({ code: 'ELOOP' });
  await rename(`${path}.1`, path);
  await rm(headPathOf(path));
  await symlink('signatures.head', headPathOf(path));
  expect(await codes()).toEqual(['HEAD_WRONG null']);
  expect(await nextProcess()).toEqual([expect.stringMatching(/head cannot be read/)]);
  expect(await codes()).toEqual(['CHAIN_WAS_BROKEN 4']);
});

test('a pipe in the place of the file is told, and not waited for', async () => {
  execFileSync('mkfifo', [path]);
  await expect(nextProcess()).rejects.toThrow('is no regular file');
  await expect(verify()).rejects.toThrow('is no regular file');
});

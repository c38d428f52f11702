import { appendFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChainFile } from '../../src/audit/chain-file.ts';
import { digestOf } from '../../src/audit/chain-line.ts';
import { headPathOf } from '../../src/audit/head.ts';
import { verifyChain } from '../../src/audit/verify-chain.ts';

const signal = new AbortController().signal;
let dir: string;
let path: string;
let chain: ChainFile;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perry-acknowledge-'));
  path = join(dir, 'signatures.jsonl');
  chain = new ChainFile({ path });
});
afterEach(async () => {
  await chain.close();
  await rm(dir, { recursive: true, force: true });
});

const read = () => readFile(path, 'utf8');
const lines = async () => (await read()).trimEnd().split('\n');
const verify = () => verifyChain(path, { signal });
const add = async (...jobs: readonly string[]) => {
  for (const job of jobs) await chain.append({ kind: 'signed', job });
};
const change = async (from: string, to: string) => writeFile(path, (await read()).replace(from, to));
/** As a person does who has looked at everything. */
async function acknowledge(reason = 'the test did it'): Promise<boolean> {
  const { breaksId } = await verify();
  return chain.acknowledge({ breaksId: breaksId ?? 'none', reason, by: 'tester' }, signal);
}
const found = async () => (await verify()).findings.map(({ code, line }) => `${code} ${line}`);

test('what is acknowledged no longer counts, and is told by its place, code and digest for ever', async () => {
  await add('a', 'b', 'c');
  await change('"job":"a"', '"job":"x"');
  const { findings } = await verify();
  expect(findings).toMatchObject([
    { line: 2, code: 'LINE_CHANGED', sha256Hex: digestOf((await lines())[1] ?? '') },
  ]);
  const before = await read();
  expect(await acknowledge('an editor was open')).toBe(true);
  expect(JSON.parse((await lines()).at(-1) ?? '')).toMatchObject({
    ...{ kind: 'acknowledged', by: 'tester', reason: 'an editor was open' },
    before: { bytes: before.length, sha256Hex: digestOf(before) },
    breaks: { count: 1, first: findings },
  });
  await add('d');
  expect(await verify()).toMatchObject({
    ...{ ok: true, findings: [], findingCount: 0, breaksId: null },
    acknowledged: [{ line: 5, by: 'tester', reason: 'an editor was open', findings, findingCount: 1 }],
  });
});

/** What is done to a chain of four lines. */
const DAMAGE: Readonly<Record<string, () => Promise<unknown>>> = {
  'a changed line': () => change('"job":"b"', '"job":"x"'),
  'a changed last line': () => change('"job":"c"', '"job":"x"'),
  'a line less': async () => writeFile(path, (await read()).replace(/^.*"job":"b".*\n/m, '')),
  'an end that is cut off': async () => truncate(path, (await read()).length - 100),
  'something else in between': async () => writeFile(path, (await read()).replace('\n', '\nhello\n')),
  'a line longer than any': async () =>
    writeFile(path, (await read()).replace('\n', `\n${'x'.repeat(600_000)}\n`)),
  'something else behind it': async () => {
    await appendFile(path, 'hello\n{"v":1}\nhello');
    await rm(headPathOf(path));
  },
  'no file': () => rm(path),
  'no head': () => rm(headPathOf(path)),
  'neither file nor head': async () => {
    await rm(path);
    await rm(headPathOf(path));
  },
};

test.each(
  Object.entries(DAMAGE).flatMap(([name, damage]) =>
    [true, false].map((open) => [name, open, damage] as const),
  ),
)('%s (writer at work: %s) is acknowledged at once, and the next one is not', async (_, isOpen, damage) => {
  await add('a', 'b', 'c');
  if (!isOpen) await chain.close();
  await damage();
  expect((await verify()).ok).toBe(false);
  expect(await acknowledge()).toBe(true);
  await add('d', 'e');
  const report = await verify();
  expect(report).toMatchObject({ ok: true, acknowledged: [{ by: 'tester' }] });
  expect(report.acknowledged[0]?.findingCount).toBeGreaterThan(0);
  // later breaks behind it
  await change('"job":"d"', '"job":"y"');
  expect(await found()).toEqual([expect.stringMatching(/^LINE_CHANGED/)]);
  expect(await acknowledge()).toBe(true);
  expect(await verify()).toMatchObject({ ok: true, acknowledgedCount: 2 });
});

test('what fails is not done: where no head can be written, nothing is acknowledged', async () => {
  await add('a', 'b');
  await change('"job":"a"', '"job":"x"');
  const before = await read();
  await mkdir(`${headPathOf(path)}.draft`);
  await expect(acknowledge()).rejects.toThrow('EISDIR');
  expect(await read()).toBe(before);
});

test('a change before it makes it void, and so all of it counts again', async () => {
  await add('a', 'b', 'c');
  await change('"job":"a"', '"job":"x"');
  await acknowledge();
  await add('d');
  // in the very line that was acknowledged, and in another one
  for (const [from, to] of [
    ['"job":"x"', '"job":"y"'],
    ['"job":"b"', '"job":"z"'],
  ] as const) {
    await change(from, to);
    expect(await found()).toEqual(expect.arrayContaining(['LINE_CHANGED 2', 'ACKNOWLEDGEMENT_VOID 5']));
    expect((await verify()).acknowledged).toEqual([]);
  }
  expect(await acknowledge()).toBe(true);
  expect(await verify()).toMatchObject({ ok: true, acknowledged: [{ findingCount: 3 }] });
});

test('nobody makes one up: it has to follow the line before it, and nothing may follow another one', async () => {
  await add('a', 'b', 'c');
  const whole = await read();
  await change('"job":"a"', '"job":"x"');
  await acknowledge();
  // moved behind a change that it does not know
  const said = (await lines()).at(-1) ?? '';
  await writeFile(path, `${whole.replace('"job":"b"', '"job":"x"')}${said}\n`);
  expect(await found()).toContain('ACKNOWLEDGEMENT_VOID 5');
  // with another reason
  await writeFile(path, `${whole.replace('"job":"a"', '"job":"x"')}${said.replace('the test', 'nobody')}\n`);
  expect(await found()).toEqual(['HEAD_WRONG null']);
});

test('nor does one behind the head count: whoever may write the file can put it there', async () => {
  await add('a', 'b');
  const head = await readFile(headPathOf(path));
  await change('"job":"a"', '"job":"x"');
  await acknowledge();
  await chain.close();
  await writeFile(headPathOf(path), head);
  expect(await found()).toEqual(['LINE_CHANGED 2', 'ACKNOWLEDGEMENT_VOID 4']);
  // and the next process says so, and does not make it count
  await add('c');
  expect(chain.fault).toMatch(/acknowledges breaks/);
  expect(await found()).toEqual(['CHAIN_WAS_BROKEN 5']);
  expect(await acknowledge()).toBe(true);
  expect((await verify()).ok).toBe(true);
});

test('only what was seen is acknowledged, and never what only a note from elsewhere shows', async () => {
  await add('a', 'b', 'c');
  expect(await acknowledge()).toBe(false);
  await change('"job":"a"', '"job":"x"');
  const { breaksId } = await verify();
  await change('"job":"b"', '"job":"x"');
  expect(await chain.acknowledge({ breaksId: breaksId ?? '', reason: 'r', by: 't' }, signal)).toBe(false);
  expect(await found()).toEqual(['LINE_CHANGED 2', 'LINE_CHANGED 3']);
  await acknowledge();
  const noted = [{ number: 2, sha256Hex: '0'.repeat(64) }];
  expect(await verifyChain(path, { signal, noted })).toMatchObject({
    ...{ ok: false, breaksId: null, findings: [{ code: 'NOT_AS_NOTED', line: 2 }] },
    acknowledged: [{ findingCount: 2 }],
  });
});

test('the one who writes knows what is wrong after a look at all of it, until that is acknowledged', async () => {
  await add('a', 'b', 'c');
  await chain.lookThrough(signal);
  expect(chain.fault).toBeNull();
  await change('"job":"a"', '"job":"x"');
  await change('"job":"b"', '"job":"x"');
  await chain.lookThrough(signal);
  expect(chain.fault).toMatch(/^line 2: It is not what it was .*; and 1 more finding$/);
  await acknowledge();
  expect(chain.fault).toBeNull();
  await chain.lookThrough(signal);
  expect(chain.fault).toBeNull();
});

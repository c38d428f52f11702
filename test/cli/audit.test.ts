import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChainFile } from '../../src/audit/chain-file.ts';
import { headPathOf } from '../../src/audit/head.ts';
import { chainIn, numberedChainFolder } from '../../src/audit/places.ts';
import { lockStateDir } from '../../src/control/state-lock.ts';
import { stageMacDemoApp } from '../../src/demo/bundles/index.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';
import { startCli } from '../integration/cli.ts';

let folder: string;
let state: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-audit-cli-'));
  state = join(folder, 'state');
  await mkdir(state);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function say(...words: readonly string[]) {
  const running = startCli({ PERRY_STATE_DIR: state }, 'audit', ...words);
  return { exit: await running.ended, text: running.lines.join('\n') };
}
const told = async (...words: readonly string[]) => {
  const { exit, text } = await say(...words, '--json');
  return { exit, answer: JSON.parse(text) };
};

/** A chain of `begun` and a line for each job. */
async function chainOf(path: string, ...jobs: readonly string[]): Promise<void> {
  const chain = new ChainFile({ path });
  for (const job of jobs) await chain.append({ kind: 'delivered', job });
  await chain.close();
}

describe('perry-ship audit', () => {
  test.each(['verify', 'show'])('%s: where nothing was signed, it says so', async (command) => {
    const { exit, text } = await say(command);
    // as for whatever a command needs and this host lacks: neither proven nor refuted
    expect(exit).toBe(69);
    expect(text).toContain('There is no account of signatures');
    expect(text).toContain('--state-dir');
    expect(text).not.toMatch(/\bat .*\.js:/);
  });

  test('a whole chain is proven, also against a line that was noted down', async () => {
    await chainOf(chainIn(state), 'job-a', 'job-b');
    const { exit, text } = await say('verify');
    expect(exit, text).toBe(0);
    expect(text).toMatch(/signatures\.jsonl: whole/);
    const noted = /last line: (\S+)/.exec(text)?.[1] ?? '';
    expect(noted).toMatch(/^3:[0-9a-f]{64}$/);
    expect((await told('verify', '--expect', noted)).answer).toMatchObject({ ok: true });
    const other = await say('verify', '--expect', `3:${'0'.repeat(64)}`);
    expect(other).toMatchObject({ exit: 1, text: expect.stringContaining('NOT_AS_NOTED at line 3') });
    // whoever removes all of it leaves those of sign, or nothing
    await rm(state, { recursive: true });
    const ofSign = chainIn(numberedChainFolder(join(state, 'sign'), 1));
    for (const isSignThere of [false, true]) {
      await mkdir(isSignThere ? dirname(ofSign) : state, { recursive: true, mode: 0o700 });
      if (isSignThere) await chainOf(ofSign, 'job-a');
      const gone = await say('verify', '--expect', noted);
      expect(gone).toMatchObject({ exit: 1, text: expect.stringContaining('There is no line 3') });
    }
  });

  test.each([
    [['verify', '--expect', 'three'], /NUMBER:SHA256/],
    [['show', '--since', 'ever'], /--since/],
    [['prove'], /unknown command/],
  ])('%j is no way to ask', async (words, reason) => {
    await chainOf(chainIn(state), 'job-a');
    const { exit, text } = await say(...words);
    expect(exit).toBe(2);
    expect(text).toMatch(reason);
  });

  test('a changed line, a missing head and a missing file are each named', async () => {
    const path = chainIn(state);
    await chainOf(path, 'job-a', 'job-b', 'job-c');
    const whole = await readFile(path, 'utf8');
    await writeFile(path, whole.replace('job-a', 'job-x'));
    expect(await told('verify')).toMatchObject({
      exit: 1,
      answer: { ok: false, chains: [{ findings: [{ line: 2, code: 'LINE_CHANGED' }], findingCount: 1 }] },
    });
    await rm(path);
    expect(await say('verify')).toMatchObject({ exit: 1, text: expect.stringContaining('HEAD_WRONG') });
    await rm(headPathOf(path));
    expect(await say('verify')).toMatchObject({ exit: 1, text: expect.stringContaining('it had lines') });
    await writeFile(path, whole);
    expect(await say('verify')).toMatchObject({ exit: 1, text: expect.stringContaining('HEAD_WRONG') });
  });

  test('what a person acknowledges is told, and no failure any more; nothing else is acknowledged', async () => {
    const path = chainIn(numberedChainFolder(join(state, 'sign'), 3));
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await chainOf(path, 'job-a', 'job-b');
    await writeFile(path, (await readFile(path, 'utf8')).replace('job-a', 'job-x'));
    const { text } = await say('verify', '--state-dir', state);
    expect(text).toContain(`--reason "…" --state-dir ${state}`);
    const [, breaks = ''] = /acknowledge ([0-9a-f]{16}) --reason "…"/.exec(text) ?? [];
    const acknowledge = (name: string, reason = 'an \u001b[2Jeditor') =>
      say('acknowledge', name, '--reason', reason);
    expect(await acknowledge('0'.repeat(16))).toMatchObject({
      exit: 1,
      text: expect.stringContaining('BREAKS_UNKNOWN'),
    });
    expect(await acknowledge(breaks, ' ')).toMatchObject({ exit: 2 });
    const taken = await lockStateDir(dirname(path));
    expect(await acknowledge(breaks)).toMatchObject({
      exit: 69,
      text: expect.stringContaining('SIGNATURES_IN_USE'),
    });
    await taken.release();
    expect(await acknowledge(breaks)).toMatchObject({ exit: 0 });
    const after = await say('verify');
    expect(after).toMatchObject({ exit: 0, text: expect.stringContaining('whole but for breaks') });
    expect(after.text).toMatch(/acknowledged at line 4 by \S+, .*: an .*editor\n +LINE_CHANGED at line 2/);
    expect(await told('verify')).toMatchObject({
      exit: 0,
      answer: { ok: true, chains: [{ acknowledged: [{ line: 4, findings: [{ code: 'LINE_CHANGED' }] }] }] },
    });
  });

  test('what was signed is shown of all jobs, of one, and of the last minutes', async () => {
    const path = chainIn(state);
    await chainOf(path, 'aa-1', 'bb-2');
    await appendFile(path, '{"torn');
    const jobsOf = async (...words: readonly string[]) => {
      const { exit, answer } = await told('show', ...words);
      expect(exit).toBe(0);
      return answer.map(({ job }: { job?: string }) => job);
    };
    expect(await jobsOf()).toEqual([undefined, 'aa-1', 'bb-2']);
    expect(await jobsOf('--job', 'bb')).toEqual(['bb-2']);
    expect(await jobsOf('--job', 'cc')).toEqual([]);
    expect(await jobsOf('--since', '15m')).toHaveLength(3);
    const { exit, text } = await say('show', '--job', 'aa-1');
    expect({ exit, text }).toMatchObject({ exit: 0, text: expect.stringContaining('2  delivered') });
  });

  test('what another wrote into a chain steers no terminal', async () => {
    await chainOf(chainIn(state), 'evil\u001b[2J\u009b1mjob');
    for (const command of ['show', 'verify']) {
      const { exit, text } = await say(command);
      expect(exit).toBe(0);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    }
  });
});

test('calls of sign at the same time have a chain each, and all of them are proven', async () => {
  const app = await stageMacDemoApp(folder);
  // as if another call were writing there
  const taken = await lockStateDir(numberedChainFolder(join(state, 'sign'), 1));
  const env = {
    ...{ PERRY_STATE_DIR: state, PERRY_RCODESIGN: rcodesignPath, PERRY_TIMESTAMP_URL: 'none' },
    TMPDIR: folder,
  };
  const calls = ['one', 'two'].map((name) =>
    startCli(env, 'sign', app, '--out', join(folder, `${name}.dmg`)),
  );
  for (const call of calls) expect(await call.ended, call.lines.join('\n')).toBe(0);
  await taken.release();
  const { exit, answer } = await told('verify');
  expect({ exit, answer }).toMatchObject({ exit: 0, answer: { ok: true } });
  const shown = (await told('show')).answer.filter(({ kind }: { kind: string }) => kind === 'signed');
  expect(shown).toMatchObject(Array(2).fill({ asker: { hub: null }, identity: null }));
});

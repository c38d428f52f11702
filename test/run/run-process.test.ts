import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProcessLimits } from '../../src/run/host/limits.ts';
import { RunHost } from '../../src/run/host/run-host.ts';
import { startRunProcess } from '../../src/run/host/run-process.ts';
import { descendantTexts } from '../helpers/leak-check.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-run-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What every program below begins with: it can speak, and knows when it is asked for something. */
const COMMON = `
const channel = new (require('node:net').Socket)({ fd: 3 });
const say = (text) => {
  const body = Buffer.from(text);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  channel.write(Buffer.concat([header, body]));
};
`;

/** Processes that were taken over, or have a defect: what each does when it is asked for a step. */
const programs = {
  'says what cannot be read': [`channel.once('data', () => channel.write('no frame at all'));`, 'garbled'],
  'says what no run says': [`channel.once('data', () => say('{"type":"job.concluded"}'));`, 'garbled'],
  'answers with something else': [
    `channel.once('data', () => say('{"type":"done","id":1,"output":{"hasCatalog":"yes"}}'));`,
    'garbled',
  ],
  'floods us with small messages': [
    `const pour = () => { for (let n = 0; n < 1000; n += 1) say('{"type":"ready"}'); setImmediate(pour); };
     channel.once('data', pour);`,
    'flooded',
  ],
  'floods us with large ones': [
    `const line = JSON.stringify({ type: 'reported', id: 9, report: { type: 'step.logged', line: 'x'.repeat(60000) } });
     const pour = () => { say(line); setImmediate(pour); };
     channel.once('data', pour);`,
    'flooded',
  ],
  aborts: [`channel.once('data', () => process.abort());`, 'crash'],
  'ends by an error': [`channel.once('data', () => { throw new Error('x'); });`, 'crash'],
  'ends without a word': [`channel.once('data', () => process.exit(0));`, 'crash'],
  'is killed': [`channel.once('data', () => process.kill(process.pid, 'SIGKILL'));`, 'killed'],
  'fills its heap': [
    `channel.once('data', () => { const all = []; for (;;) all.push(new Array(1000).fill(all.length)); });`,
    'memory',
  ],
} as const;

test.each(Object.entries(programs))('a process that %s', async (name, [program, cause]) => {
  const path = join(folder, `${name.replaceAll(' ', '-')}.cjs`);
  await writeFile(path, COMMON + program);
  const link = startRunProcess({ ...runProcessLimits, heapMib: 24 }, path);
  const host = new RunHost(link, { limits: runProcessLimits, onLog: () => {} });
  const { signal } = new AbortController();
  const step = host.call('drawIcons', { pass: 0, claim: null, toolchain: null }, { signal });
  await expect(step).rejects.toMatchObject({ code: expect.stringMatching(/^RUN_/) });
  expect((await link.ended).cause).toBe(cause);
  expect(descendantTexts().filter((text) => text.includes(path))).toEqual([]);
});

test('one that loops for ever is gone when it is ended, and its memory can be seen before', async () => {
  const path = join(folder, 'loops.cjs');
  await writeFile(path, `${COMMON}say('{"type":"ready"}'); setImmediate(() => { for (;;); });`);
  const link = startRunProcess(runProcessLimits, path);
  await new Promise<void>((resolve) => link.listen(() => resolve()));
  expect(await link.residentBytes(new AbortController().signal)).toBeGreaterThan(1_000_000);
  link.end('asked');
  expect((await link.ended).cause).toBe('asked');
  expect(descendantTexts().filter((text) => text.includes(path))).toEqual([]);
});

test('has no environment of ours but what every program needs, and makes no core files', async () => {
  const path = join(folder, 'tells.cjs');
  const tells = `const limits = require('node:fs').readFileSync('/proc/self/limits', 'utf8');
    const core = /Max core file size\\s+(\\S+)/.exec(limits)[1];
    say(JSON.stringify({ type: 'logged', level: 'warn', text: Object.keys(process.env).join(' '), facts: { core } }));`;
  await writeFile(path, COMMON + (process.platform === 'linux' ? tells : `say('{"type":"ready"}')`));
  process.env.PERRY_HUB_WORKER_SECRET_OF_TEST = 'x';
  try {
    const link = startRunProcess(runProcessLimits, path);
    const said = await new Promise<unknown>((resolve) => link.listen(resolve));
    link.end('asked');
    await link.ended;
    if (process.platform !== 'linux') return;
    expect(said).toMatchObject({ facts: { core: '0' } });
    expect((said as { text: string }).text).not.toContain('PERRY');
  } finally {
    delete process.env.PERRY_HUB_WORKER_SECRET_OF_TEST;
  }
});

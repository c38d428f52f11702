import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chainIn } from '../../src/audit/places.ts';
import type { Answer } from '../../src/doctor/check.ts';
import { examineHost } from '../../src/doctor/examine-host.ts';
import { nodeVersion } from '../../src/doctor/node-version.ts';
import { type EmbeddedHub, startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { startCli } from '../integration/cli.ts';
import { tartHost } from '../tart-emulator/host.ts';

const HOUR_MS = 3_600_000;

let folder: string;
let hub: EmbeddedHub;
let apple: Server;
let appleClockMs: () => number;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-doctor-'));
  await mkdir(join(folder, 'hub'));
  hub = await startEmbeddedHub({ directory: join(folder, 'hub') });
  appleClockMs = Date.now;
  apple = createServer((_, response) =>
    response.writeHead(401, { date: new Date(appleClockMs()).toUTCString() }).end('Unauthenticated'),
  ).listen(0, '127.0.0.1');
  await once(apple, 'listening');
  const url = `http://127.0.0.1:${(apple.address() as AddressInfo).port}`;
  env = {
    ...(process.env.PATH && { PATH: process.env.PATH }),
    ...(process.env.HOME && { HOME: process.env.HOME }),
    PERRY_HUB_URL: hub.webSocketUrl,
    PERRY_HUB_WORKER_SECRET: 'a-secret-of-the-doctor-test',
    PERRY_VM_DRIVER: 'local',
    PERRY_STATE_DIR: join(folder, 'state'),
    PERRY_TIMESTAMP_URL: url,
    PERRY_NOTARY_URL: url,
    PERRY_APP_STORE_CONNECT_URL: url,
    PERRY_TICKET_URL: url,
  };
});

afterEach(async () => {
  apple.closeAllConnections();
  apple.close();
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

async function examined(changes: Record<string, string> = {}): Promise<Answer[]> {
  const signal = AbortSignal.timeout(60_000);
  const answers: Answer[] = [];
  for await (const answer of examineHost({ env: { ...env, ...changes }, signal, onProgress: () => {} }))
    answers.push(answer);
  return answers;
}

const about = (answers: readonly Answer[], question: RegExp) =>
  answers.find((answer) => question.test(answer.question));
const failures = (answers: readonly Answer[]) => answers.filter(({ verdict }) => verdict === 'failed');

describe('a host on which a daemon would work', () => {
  test('every question has its evidence, nothing fails, and nothing was made', async () => {
    const answers = await examined();
    expect(failures(answers)).toEqual([]);
    expect(answers.every(({ evidence }) => evidence !== '')).toBe(true);
    expect(answers.filter(({ verdict }) => verdict === 'remark').every(({ fix }) => fix !== undefined)).toBe(
      true,
    );
    expect(about(answers, /rcodesign/)?.evidence).toMatch(/^0\.29\.0, \//);
    expect(await readdir(folder)).toEqual(['hub']);
  });

  test('the hub counts no worker, and the secret is in no answer', async () => {
    const answers = await examined();
    expect(about(answers, /hub answer/)).toMatchObject({ verdict: 'ok' });
    expect(hub.workers()).toEqual([]);
    expect(JSON.stringify(answers)).not.toContain('a-secret-of-the-doctor-test');
  });

  test('as a program: a line for each question, exit 0; as JSON for programs', async () => {
    const asText = startCli(env, 'doctor');
    expect(await asText.ended).toBe(0);
    expect(asText.lines).toContainEqual(expect.stringMatching(/^ok {6}Does the hub answer\? {2}ws:/));
    const asJson = startCli(env, 'doctor', '--json');
    expect(await asJson.ended).toBe(0);
    expect(JSON.parse(asJson.lines.join('\n'))).toMatchObject({ ok: true });
  });
});

test('a signal ends it in the midst of a question, with the number of the signal', async () => {
  const silent = createTcpServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const cli = startCli({ ...env, PERRY_NOTARY_URL: url }, 'doctor', '--json');
  const [asking] = await once(silent, 'connection');
  cli.signal('SIGINT');
  expect(await cli.ended).toBe(130);
  expect(cli.lines.join('\n')).toContain('"code": "CANCELLED"');
  asking.destroy();
  silent.close();
});

describe('the hub is greeted with the secret', () => {
  test('one that it refuses is told, and the hub keeps no worker', async () => {
    const strict = await startEmbeddedHub({ directory: join(folder, 'hub'), workerSecret: 'the-right-one' });
    try {
      const refused = await examined({ PERRY_HUB_URL: strict.webSocketUrl });
      expect(about(refused, /worker secret/)).toMatchObject({
        verdict: 'failed',
        fix: expect.stringContaining('PERRY_HUB_WORKER_SECRET'),
      });
      const none = await examined({ PERRY_HUB_URL: strict.webSocketUrl, PERRY_HUB_WORKER_SECRET: '' });
      expect(about(none, /worker secret/)).toMatchObject({ verdict: 'failed' });
      const right = { PERRY_HUB_URL: strict.webSocketUrl, PERRY_HUB_WORKER_SECRET: 'the-right-one' };
      expect(failures(await examined(right))).toEqual([]);
      expect(strict.workers()).toEqual([]);
    } finally {
      await strict.stop();
    }
  });

  test('but not for somebody who only signs', async () => {
    const cli = startCli({ ...env, PERRY_HUB_URL: 'ws://127.0.0.1:9/ws' }, 'doctor', '--for', 'sign');
    expect(await cli.ended).toBe(0);
    expect(cli.lines.join('\n')).not.toMatch(/hub|daemon run/i);
  });
});

describe('what would keep a daemon from working is said, with what to do', () => {
  test('alarms that reach nobody, a command and a webhook that are not there, a port that somebody has, and an account that is no file', async () => {
    expect(about(await examined(), /alarm reach/)).toMatchObject({
      verdict: 'remark',
      fix: expect.stringContaining('perry-ship alarms test'),
    });
    const [webhook, asked] = [
      createServer((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.writeHead(404).end();
      }).listen(0, '127.0.0.1'),
      [] as string[],
    ];
    await once(webhook, 'listening');
    const { port } = webhook.address() as AddressInfo;
    const settings = {
      PERRY_ALERT_COMMAND: 'sh -c true',
      PERRY_ALERT_URL: `http://127.0.0.1:${port}/services/s3cret-path`,
      PERRY_METRICS: String(port),
    };
    const good = await examined(settings);
    expect(about(good, /command for alarms/)).toMatchObject({ verdict: 'ok' });
    expect(about(good, /signatures be entered/)).toMatchObject({ verdict: 'ok' });
    expect(about(good, /webhook for alarms/)).toMatchObject({ verdict: 'ok' });
    expect(asked).toEqual(['HEAD /']);
    expect(JSON.stringify(good)).not.toContain('s3cret-path');
    expect(about(good, /metrics be served/)).toMatchObject({
      verdict: 'remark',
      evidence: expect.stringContaining(`Port ${port} cannot be used`),
      fix: expect.stringContaining('PERRY_METRICS'),
    });
    webhook.closeAllConnections();
    webhook.close();
    await once(webhook, 'close');
    await mkdir(chainIn(join(folder, 'state')), { recursive: true });
    const bad = await examined({ ...settings, PERRY_ALERT_COMMAND: join(folder, 'hub') });
    expect(about(bad, /command for alarms/)).toMatchObject({ verdict: 'failed' });
    expect(about(bad, /signatures be entered/)).toMatchObject({
      verdict: 'failed',
      evidence: expect.stringContaining('no regular file'),
    });
    expect(about(bad, /webhook for alarms/)).toMatchObject({
      verdict: 'failed',
      code: 'ALARM_NOT_DELIVERED',
    });
    expect(about(bad, /metrics be served/)).toMatchObject({ verdict: 'ok' });
  });

  test('a configuration that cannot be used: the questions that need it are not asked', async () => {
    const answers = await examined({ PERRY_VM_DRIVER: 'vmware', PERRY_MAX_CONCURRENT_BUILDS: 'many' });
    expect(answers).toHaveLength(2);
    expect(answers[1]).toMatchObject({ verdict: 'failed', code: 'CONFIG_INVALID' });
    expect(answers[1]?.evidence).toContain('PERRY_MAX_CONCURRENT_BUILDS');
  });

  test('an env file with secrets that others may read', async () => {
    const envFile = join(folder, 'perry-ship.env');
    await writeFile(envFile, 'PERRY_HUB_WORKER_SECRET=another-secret\n');
    await chmod(envFile, 0o644);
    const cli = startCli(env, 'doctor', '--env-file', envFile);
    expect(await cli.ended).toBe(1);
    expect(cli.lines.join('\n')).toContain(`chmod 600 "${envFile}"`);
    expect(cli.lines.join('\n')).not.toContain('another-secret');
  });

  test.each([
    ['a hub that is away', { PERRY_HUB_URL: 'ws://127.0.0.1:9/ws' }, /hub answer/, /refused/],
    ['a service of Apple that is away', { PERRY_NOTARY_URL: 'http://127.0.0.1:9' }, /notary/, /127.0.0.1/],
    ['no tart', { PERRY_VM_DRIVER: 'tart', PERRY_TART_BINARY: '/nowhere/tart' }, /machines/, /tart/],
    ['another rcodesign', { PERRY_RCODESIGN: '/bin/false' }, /rcodesign/, /PERRY_RCODESIGN/],
  ])('%s', async (_, changes, question, evidence) => {
    const answers = await examined(changes);
    const found = about(answers, question);
    expect(found).toMatchObject({ verdict: 'failed', evidence: expect.stringMatching(evidence) });
    expect(found?.fix).toMatch(/\.$/);
    expect(failures(answers)).toHaveLength(1);
  });

  test('a state directory that others may write to', async () => {
    await mkdir(join(folder, 'state'));
    await chmod(join(folder, 'state'), 0o777);
    const found = about(await examined(), /state directory/);
    expect(found).toMatchObject({
      verdict: 'failed',
      fix: `Run: chmod 700 "${join(folder, 'state')}" — or choose a directory of this user's own.`,
    });
  });

  test('a clock that Apple does not agree with', async () => {
    appleClockMs = () => Date.now() + HOUR_MS;
    const found = about(await examined(), /notary/);
    expect(found).toMatchObject({ verdict: 'failed', evidence: expect.stringMatching(/3[56]\d\d s behind/) });
  });

  test('a Mac with Tart and without the golden image; with it all is well', async () => {
    const host = await tartHost();
    try {
      const tart = {
        ...{ PERRY_VM_DRIVER: 'tart', PERRY_TART_BINARY: host.tart, TART_HOME: host.home },
        PERRY_TART_SSH_PASSWORD: 'admin',
      };
      const missing = about(await examined(tart), /machines/);
      expect(missing).toMatchObject({ verdict: 'failed', code: 'VM_IMAGE_MISSING' });
      const there = about(await examined({ ...tart, PERRY_TART_IMAGE: 'golden' }), /machines/);
      expect(there).toMatchObject({ verdict: 'ok', evidence: 'tart, from the image "golden"' });
    } finally {
      await host.remove();
    }
  });
});

describe('what a machine reaches', () => {
  const REACH = /machine reach/;

  test('the local driver is no machine', async () => {
    expect(about(await examined(), REACH)).toMatchObject({
      verdict: 'remark',
      evidence: expect.stringContaining('nothing isolates it'),
      fix: expect.stringContaining('development'),
    });
  });

  test.each([
    ['blocked by Softnet', 'works', {}, 'ok', /This host alone/],
    ['shared, because Softnet may not run', 'helpless', {}, 'remark', /All that this host reaches/],
    [
      'shared, as asked for',
      'works',
      { PERRY_GUEST_NETWORK: 'shared' },
      'remark',
      /All that this host reaches/,
    ],
  ] as const)('%s', async (_, softnet, more, verdict, evidence) => {
    const host = await tartHost({ softnet });
    try {
      const PATH = [host.bin, process.env.PATH].join(delimiter);
      const tart = { PERRY_VM_DRIVER: 'tart', PERRY_TART_IMAGE: 'golden', TART_HOME: host.home };
      const cli = startCli({ ...env, ...tart, ...more, PATH }, 'doctor', '--json');
      expect(await cli.ended).toBe(0);
      const { answers } = JSON.parse(cli.lines.join('\n')) as { answers: Answer[] };
      const found = about(answers, REACH);
      expect(found).toMatchObject({ verdict, evidence: expect.stringMatching(evidence) });
      if (verdict === 'remark') expect(found?.fix).toMatch(/Run "sudo chown|Unset PERRY_GUEST_NETWORK/);
    } finally {
      await host.remove();
    }
  });
});

test.each([
  ['18.20.0', 'failed'],
  ['20.18.3', 'failed'],
  ['20.19.0', 'remark'],
  ['22.9.0', 'remark'],
  ['24.0.0', 'ok'],
])('Node.js %s is %s', async (version, verdict) => {
  expect(await nodeVersion(version).ask(AbortSignal.timeout(1_000))).toMatchObject({ verdict });
});

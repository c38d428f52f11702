import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Alarms, startAlarms } from '../../src/alarms/alarms.ts';
import { createRedactor } from '../../src/domain/redaction/index.ts';
import type { JobRecord } from '../../src/history/record.ts';
import { createLogger } from '../../src/observability/logger.ts';
import type { DaemonStatus } from '../../src/observability/status.ts';

const well: DaemonStatus = {
  ...{ pid: 7, version: '1.2.3', worker: 'mac-1', hub: 'wss://hub.example', driver: 'tart' },
  ...{ uptimeSeconds: 9, link: 'online', connection: 'linked.online', nextTryInSeconds: null },
  work: 'accepting',
  signatures: { lines: 0, sha256: null, problem: null },
  slots: { used: 0, max: 2, waiting: 0, quarantined: 0, standby: 0 },
  ...{ runs: [], leaked: [], lastFailures: [], failingHosts: {}, concluded: {}, obstacles: [], alarms: [] },
  ...{ pauseProblem: null, closedPorts: [] },
};
const refused = { ...well, link: 'refused' };

let stateDir: string;
let status: DaemonStatus;
let log: string[];
let lastJobs: readonly JobRecord[];
let alarms: Alarms | undefined;
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'perry-alarms-'));
  status = well;
  [log, lastJobs] = [[], []];
});
afterEach(async () => {
  await alarms?.stop();
  await rm(stateDir, { recursive: true, force: true });
});

const heardPath = () => join(stateDir, 'heard');
/** Each notice that the command took. */
const heard = async () =>
  (await readFile(heardPath(), 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { event: string; alarm: string; repeated: boolean; since: string });
const events = async () => (await heard()).map(({ event, alarm }) => `${alarm} ${event}`);

async function start(
  alertCommand = ['/bin/sh', '-c', `cat >> "${heardPath()}"`],
  retryPause = 5,
): Promise<Alarms> {
  alarms = await startAlarms({
    config: { alertCommand, alertUrl: undefined, workerName: 'mac-1', stateDir },
    logger: createLogger({
      ...{ level: 'debug', redactor: createRedactor(), forTerminal: false },
      write: (line: string) => void log.push(line),
    }),
    status: () => status,
    disks: async () => [],
    lastJobs: () => lastJobs,
    limits: { lookPause: 5, raiseAfter: 30, clearAfter: 30, retryPause },
  });
  return alarms;
}

const PATIENCE = { timeout: 20_000 };

test('what lasts is told by the command, the log and the status, once; and once that it is over', async () => {
  const { raised } = await start();
  status = refused;
  await expect.poll(events, PATIENCE).toEqual(['hub-refused raised']);
  expect(raised()).toMatchObject([{ alarm: 'hub-refused', nextStep: expect.stringContaining('PERRY_HUB') }]);
  expect(log.join('')).toMatch(/"level":50.*"alarm":"hub-refused".*The hub refuses the worker secret/);
  status = well;
  await expect.poll(events, PATIENCE).toEqual(['hub-refused raised', 'hub-refused over']);
  expect(raised()).toEqual([]);
});

test('after a restart: what still is the case is told again, what is not is told to be over', async () => {
  await start();
  status = { ...refused, leaked: ['vm-1'] };
  await expect.poll(events, PATIENCE).toEqual(['hub-refused raised', 'machines-leaked raised']);
  await alarms?.stop();
  await rm(heardPath());
  status = refused;
  const { raised } = await start();
  expect(raised().map(({ alarm }) => alarm)).toEqual(['hub-refused', 'machines-leaked']);
  await expect.poll(events, PATIENCE).toEqual(['hub-refused raised', 'machines-leaked over']);
  expect((await heard())[0]).toMatchObject({ repeated: true });
  await alarms?.stop();
  await rm(heardPath());
  status = well;
  await start();
  await expect.poll(events, PATIENCE).toEqual(['hub-refused over']);
  await alarms?.stop();
  expect(JSON.parse(await readFile(join(stateDir, 'alarms.json'), 'utf8'))).toMatchObject({
    v: 1,
    raised: [],
  });
});

const DAY_MS = 86_400_000;
const aboutJobs = ['credential-expiring', 'failure-rate', 'apple-unreachable'];
const checked = (days: number) => {
  const used = [{ kind: 'profile', name: 'App Store', expiresAtMs: Date.now() + days * DAY_MS }];
  return { type: '@xstate.event', event: { type: 'xstate.done.actor.checkCredentials', output: { used } } };
};
const askedApple = (error?: unknown) => {
  const type = `xstate.${error ? 'error' : 'done'}.actor.askVerdict`;
  return { type: '@xstate.event', event: { type, error } };
};
const ended = (result: 'failed' | 'succeeded') =>
  ({
    ...{ result, endedAtMs: Date.now() },
    failure: result === 'failed' ? { kind: 'host', code: 'VM_BOOT_FAILED' } : null,
  }) as JobRecord;

test('what only a job can show to be over stays raised over a restart until one has', async () => {
  const { observe, jobFinished } = await start();
  observe(checked(5) as never);
  const missed = { failure: { code: 'APPLE_UNAVAILABLE' } };
  for (let times = 0; times < 5; times += 1) {
    observe(askedApple(missed) as never);
    jobFinished(ended('failed'));
  }
  await expect.poll(async () => (await events()).sort(), PATIENCE).toHaveLength(3);
  await alarms?.stop();
  await rm(heardPath());
  lastJobs = Array.from({ length: 5 }, () => ended('failed'));
  status = refused;
  const next = await start();
  // at the end of some looks
  await expect.poll(events, PATIENCE).toContain('hub-refused raised');
  status = well;
  await expect.poll(events, PATIENCE).toContain('hub-refused over');
  expect(
    next
      .raised()
      .map(({ alarm }) => alarm)
      .sort(),
  ).toEqual([...aboutJobs].sort());
  next.observe(checked(100) as never);
  next.observe(askedApple() as never);
  for (let times = 0; times < 11; times += 1) next.jobFinished(ended('succeeded'));
  await expect
    .poll(events, PATIENCE)
    .toEqual(expect.arrayContaining(aboutJobs.map((alarm) => `${alarm} over`)));
});

test.each([
  ['nothing', ''],
  ['no JSON', '{"v":1,'],
  ['another version', '{"v":2,"raised":[]}'],
  ['an alarm that is not known', '{"v":1,"raised":[{"alarm":"../x","sinceMs":1,"said":{}}]}'],
  ['too much', `{"v":1,"raised":[],"x":"${'x'.repeat(1_100_000)}"}`],
])('a file of raised alarms that holds %s counts as empty', async (_what, content) => {
  await writeFile(join(stateDir, 'alarms.json'), content);
  const { raised } = await start();
  expect(raised()).toEqual([]);
  status = refused;
  await expect.poll(events, PATIENCE).toEqual(['hub-refused raised']);
});

const onceMended = () => [
  ...['/bin/sh', '-c'],
  `[ -e "${stateDir}/mended" ] || { echo "no way" >&2; exit 1; }; cat >> "${heardPath()}"`,
];

test('what waits to be delivered is delivered after a restart, also that an alarm is over', async () => {
  await start();
  status = refused;
  await expect.poll(events, PATIENCE).toEqual(['hub-refused raised']);
  await alarms?.stop();
  status = well;
  await start(onceMended(), 600_000);
  await expect.poll(() => log.join(''), PATIENCE).toContain('It is tried again.');
  await alarms?.stop();
  await writeFile(join(stateDir, 'mended'), '');
  await start(onceMended());
  await expect.poll(events, PATIENCE).toEqual(['hub-refused raised', 'hub-refused over']);
  const kept = async () => JSON.parse(await readFile(join(stateDir, 'alarms.json'), 'utf8')) as unknown;
  await expect.poll(kept, PATIENCE).toMatchObject({ raised: [], undelivered: [] });
});

test('a command that fails is tried until it takes the notice, in its turn', async () => {
  await start(onceMended());
  status = refused;
  await expect.poll(() => log.join(''), PATIENCE).toMatch(/exit code 1 and said: no way It is tried again/);
  status = { ...refused, leaked: ['vm-1'] };
  await expect.poll(() => alarms?.raised().length, PATIENCE).toBe(2);
  await writeFile(join(stateDir, 'mended'), '');
  await expect.poll(events, PATIENCE).toEqual(['hub-refused raised', 'machines-leaked raised']);
});

test('a status that cannot be made is no end of the looking', async () => {
  await start();
  const broken = new Proxy(well, {
    get: () => {
      throw new Error('planted');
    },
  });
  status = broken;
  await expect.poll(() => log.join(''), PATIENCE).toContain('the daemon could not look at itself');
  status = refused;
  await expect.poll(events, PATIENCE).toEqual(['hub-refused raised']);
});

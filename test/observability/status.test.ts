import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { hubConnectionMachine } from '../../machines/hub-connection/machine.ts';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import { supervisorMachine } from '../../machines/supervisor/machine.ts';
import { ago, duration } from '../../src/observability/columns.ts';
import { statePath, valueAt } from '../../src/observability/state-path.ts';
import {
  type DaemonStatus,
  type StatusFacts,
  statusOf,
  statusSchema,
} from '../../src/observability/status.ts';
import { renderStatus } from '../../src/observability/status-text.ts';
import { deaf, inert } from '../machines/inert.ts';
import { Stage } from '../machines/stage.ts';

const facts: StatusFacts = {
  ...{ pid: 7, version: '1.2.3', worker: 'mac-1', driver: 'tart' },
  hub: 'wss://user:hunter2@hub.example:8443/ws?token=hunter2#hunter2',
  ...{ startedAtMs: 1_000, nowMs: 62_000 },
  receivedAtMs: () => 57_000,
};
const ports = Object.keys(signJobMachine.implementations.actors).filter((name) => name !== 'vmLifecycle');

/** The real supervisor over effects that never answer. */
function supervisor() {
  const signJob = signJobMachine.provide({ actors: { ...inert(ports), vmLifecycle: deaf } });
  const machine = supervisorMachine.provide({
    actors: {
      hubConnection: deaf,
      signJob,
      ...inert(['sweepLeftovers', 'sweepLeaks', 'sweepRun', 'findObstacles']),
    },
  });
  const input = { maxConcurrent: 2, image: 'golden', instance: 'c0ffee00' };
  return createActor(machine, { input: input as never }).start();
}

describe('the status', () => {
  test('at the very start has a form that programs can read', () => {
    const status = statusOf(supervisor().getSnapshot(), facts);
    expect(statusSchema.parse(JSON.parse(JSON.stringify(status)))).toEqual(status);
    expect(status).toMatchObject({
      ...{ link: 'none', connection: 'none', work: 'sweeping', runs: [], uptimeSeconds: 61 },
      slots: { used: 0, max: 2, waiting: 0, quarantined: 0, standby: 0 },
    });
  });

  test('shows the address of the hub without its login and its query', () => {
    const status = statusOf(supervisor().getSnapshot(), facts);
    expect(status.hub).toBe('wss://hub.example:8443/ws');
    expect(JSON.stringify(status)).not.toContain('hunter2');
    expect(statusOf(supervisor().getSnapshot(), { ...facts, hub: 'not an address' }).hub).toBe('');
  });

  test('shows a run as it stands', () => {
    const actor = supervisor();
    actor.send({ type: 'xstate.done.actor.sweepLeftovers', output: [], actorId: 'sweepLeftovers' } as never);
    actor.send({ type: 'hub.linkUp' });
    const runId = '3f2a1b4c-0000-4000-8000-000000000001';
    actor.send({ type: 'hub.jobAssigned', jobId: 'job-9', assignmentId: runId } as never);
    const status = statusOf(actor.getSnapshot(), facts);
    expect(statusSchema.parse(JSON.parse(JSON.stringify(status)))).toEqual(status);
    expect(status).toMatchObject({ link: 'online', work: 'accepting' });
    expect(status.runs).toEqual([
      {
        ...{ jobId: 'job-9', runId, phase: 'admitting', appName: null, target: null, bundleId: null },
        ...{ state: 'admitting', stage: null, percent: null, claim: 'valid', machine: null, failure: null },
        elapsedSeconds: 5,
      },
    ]);
    const unknown = statusOf(actor.getSnapshot(), { ...facts, receivedAtMs: () => undefined });
    expect(unknown.runs[0]?.elapsedSeconds).toBeNull();
    actor.stop();
  });
});

test('ages are told roughly', () => {
  const said = [0, 0.4, 59, 61, 3 * 3_600 + 70, 50 * 3_600].map(ago);
  expect(said).toEqual(['just now', 'just now', '59 s ago', '1 min ago', '3 h ago', '2 d ago']);
});

test('the last failures are told with their age, and what to do', () => {
  const failure = {
    ...{ jobId: 'job-7', runId: 'r-7', appName: 'Tide\u001b Clock', result: 'failed', endedAtMs: 2_000 },
    ...{ code: 'P12_INVALID', summary: 'The certificate is broken.', reason: 'It ends early.' },
    nextStep: 'Export it again.',
  };
  const lost = {
    ...failure,
    jobId: 'job-12',
    result: 'interrupted',
    code: null,
    summary: null,
    reason: null,
    nextStep: null,
  };
  const lastFailures = () => [failure, lost];
  const status = statusOf(supervisor().getSnapshot(), { ...facts, lastFailures });
  expect(statusSchema.parse(JSON.parse(JSON.stringify(status)))).toEqual(status);
  expect(status.lastFailures[0]).toEqual({ ...failure, secondsAgo: 60 });
  expect(renderStatus(status)).toContain(
    [
      'Last failures ("perry-ship job JOB" shows more):',
      '  1 min ago  job-7   Tide? Clock  P12_INVALID',
      '      The certificate is broken. It ends early.',
      '      Export it again.',
      '  1 min ago  job-12  Tide? Clock  interrupted',
    ].join('\n'),
  );
});

describe('without a link', () => {
  const waiting = (say: (socket: ReturnType<Stage['the']>) => void) => {
    const stage = new Stage();
    const hubConnection = stage.fill(hubConnectionMachine);
    const machine = stage.fill(supervisorMachine, { hubConnection });
    const performance = stage.start(machine, {
      ...{ maxConcurrent: 2, image: 'golden', instance: 'c0ffee00', standbySize: 0 },
    });
    stage.the('sweepLeftovers').answer([]);
    say(stage.the('hubSocket'));
    const nowMs = Date.now();
    const status = () => statusOf(performance.actor.getSnapshot(), { ...facts, nowMs });
    return { status, stage };
  };

  test.each([
    [
      'because the hub refuses the secret',
      (socket: ReturnType<Stage['the']>) => {
        socket.say({ type: 'socket.opened' });
        socket.say({ type: 'socket.received', message: { type: 'authFailed' } });
      },
      'refused (refused), next try in 50 s',
    ],
    [
      'because the hub is not there',
      (socket: ReturnType<Stage['the']>) => socket.say({ type: 'socket.lost', reason: 'refused' }),
      'offline (backingOff), next try in 1 s',
    ],
  ])('%s says when the next try is', (_, say, text) => {
    const { status, stage } = waiting(say);
    expect(renderStatus(status())).toContain(text);
    stage.clock.advance(60_000);
    expect(status()).toMatchObject({ connection: 'linked.connecting', nextTryInSeconds: null });
    expect(renderStatus(status())).not.toContain('next try');
  });
});

const full: DaemonStatus = {
  ...{
    pid: 7,
    version: '1.2.3',
    worker: 'mac-1',
    hub: 'wss://hub.example/ws',
    driver: 'tart',
    uptimeSeconds: 7_500,
  },
  ...{
    link: 'online',
    connection: 'linked.online',
    nextTryInSeconds: null,
    work: 'accepting',
    slots: { used: 1, max: 2, waiting: 1, quarantined: 0, standby: 0 },
  },
  closedPorts: [],
  alarms: [],
  obstacles: [],
  pauseProblem: null,
  runs: [
    {
      ...{
        jobId: 'job-1',
        runId: 'r-1',
        phase: 'working',
        appName: 'Evil\u001b[2J\u202e\nApp',
        target: 'macos-sign',
      },
      ...{ bundleId: 'a.b', state: 'running.codesigning', stage: 'signing', percent: 40, claim: 'valid' },
      ...{ machine: { name: 'vm', state: 'alive.ready' }, failure: null, elapsedSeconds: 75 },
    },
    {
      ...{
        jobId: `job-${'x'.repeat(200)}`,
        runId: 'r-2',
        phase: 'waiting',
        appName: null,
        target: null,
        bundleId: null,
      },
      ...{ state: 'waitingForSlot', stage: null, percent: null, claim: 'valid', machine: null },
      ...{ failure: 'P12_INVALID', elapsedSeconds: null },
    },
  ],
  ...{
    leaked: ['perry-ship-c0ffee00-x'],
    lastFailures: [],
    failingHosts: { 'mac-\u001b07': 2 },
    signatures: { lines: 2, sha256: 'ab'.repeat(32), problem: 'its last line, 2, was changed' },
    concluded: { succeeded: 3, failed: 1, cancelled: 0 },
  },
};

describe('the status as a text', () => {
  test('is a table that no name can disturb', () => {
    const text = renderStatus(full);
    expect(text).toMatchInlineSnapshot(`
      "perry-ship  1.2.3, process 7, up 2 h 5 min, driver tart
      worker      mac-1
      hub         online (linked.online)  wss://hub.example/ws
      work        accepting, 1 of 2 slots used, 1 waiting
      standby     0 machines
      jobs        3 succeeded, 1 failed, 0 cancelled

      JOB                                                                               APP            TARGET      STATE                         STAGE    DONE  MACHINE           ELAPSED
      job-1                                                                             Evil?[2J??App  macos-sign  running.codesigning           signing  40%   vm (alive.ready)  1 min 15 s
      job-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…  -              -           waitingForSlot (P12_INVALID)  -        -     -                 -

      The account of signatures: its last line, 2, was changed ("perry-ship audit verify" says more)

      Machines that could not be deleted (they are tried again until they are gone):
        perry-ship-c0ffee00-x

      Hosts that did not bring machines to run of late (restart Orchard there; the log says why):
        mac-?07  2"
    `);
    for (const steering of ['\u001b', '\u202e']) expect(text).not.toContain(steering);
  });

  test('without jobs says so', () => {
    expect(
      renderStatus({
        ...full,
        runs: [],
        leaked: [],
        failingHosts: {},
        signatures: { ...full.signatures, problem: null },
      }),
    ).toMatch(/No job is here\.$/);
  });

  test.each([
    [0, '0 s'],
    [59, '59 s'],
    [60, '1 min 0 s'],
    [3_600, '1 h 0 min'],
    [90_000, '1 d 1 h'],
  ])('%i seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text));
});

test('the path of a state ends at its regions', () => {
  expect(statePath({ running: { downloading: 'attempting' } })).toBe('running.downloading.attempting');
  expect(statePath({ linked: { online: { a: 'x', b: 'y' } } })).toBe('linked.online');
  expect(statePath(undefined)).toBe('');
  expect(valueAt({ engaged: { work: 'x' } }, 'engaged', 'work')).toBe('x');
  expect(valueAt('done', 'engaged', 'work')).toBeUndefined();
});

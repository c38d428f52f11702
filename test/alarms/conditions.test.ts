import { describe, expect, test } from 'vitest';
import { AppleAnswers } from '../../src/alarms/apple-answers.ts';
import { alarmKinds, alarmNames } from '../../src/alarms/catalogue.ts';
import { type AlarmFacts, judge } from '../../src/alarms/conditions.ts';
import { Expiries } from '../../src/alarms/expiries.ts';
import { LastOutcomes } from '../../src/alarms/last-outcomes.ts';
import type { JobRecord } from '../../src/history/record.ts';
import type { DaemonStatus } from '../../src/observability/status.ts';

const status: DaemonStatus = {
  ...{ pid: 7, version: '1.2.3', worker: 'mac-1', hub: 'wss://hub.example', driver: 'tart' },
  ...{ uptimeSeconds: 9, link: 'online', connection: 'linked.online', nextTryInSeconds: null },
  work: 'accepting',
  signatures: { lines: 0, sha256: null, problem: null },
  slots: { used: 0, max: 2, waiting: 0, quarantined: 0, standby: 0 },
  ...{ runs: [], leaked: [], lastFailures: [], failingHosts: {}, concluded: {}, obstacles: [], alarms: [] },
  ...{ pauseProblem: null, closedPorts: [] },
};
const well: AlarmFacts = {
  ...{ nowMs: 1_000, status, disks: [{ folder: '/state', freeBytes: 100e9, wantedBytes: 5e9 }] },
  ...{ outcomes: { finished: 20, failed: {} }, apple: { missed: 0 }, expiring: [] },
};
const raisedBy = (more: Partial<AlarmFacts>) =>
  judge({ ...well, ...more }).flatMap((finding) => (finding.holds ? [finding] : []));
const nothingOf = (more: Partial<AlarmFacts>) => {
  const known = judge({ ...well, ...more }).map(({ alarm }) => alarm);
  return alarmNames.filter((name) => !known.includes(name));
};
const withStatus = (more: Partial<DaemonStatus>) => ({ status: { ...status, ...more } });
const disk = (freeBytes: number | undefined) => ({
  disks: [{ folder: '/state', freeBytes, wantedBytes: 5e9 }],
});

test('of a daemon that is well, every alarm is known to be absent', () => {
  expect(judge(well)).toEqual(alarmNames.map((alarm) => ({ alarm, holds: false, atMs: 1_000 })));
});

test.each([
  ['hub-refused', withStatus({ link: 'refused' }), /wss:\/\/hub\.example does not accept the secret/],
  ['hub-away', withStatus({ link: 'offline', connection: 'backingOff' }), /\(backingOff\)/],
  ['hub-away', withStatus({ link: 'none' }), /cannot be reached/],
  ['machines-unlisted', withStatus({ work: 'listFailed' }), /driver tart/],
  [
    'worker-unable',
    withStatus({
      obstacles: [{ about: 'disk', summary: 'It is full.', reason: 'There is none.', nextStep: 'Go.' }],
    }),
    /^It is full\. There is none\.$/,
  ],
  ['machines-leaked', withStatus({ leaked: ['vm-1', 'vm-2'] }), /They are vm-1, vm-2\./],
  [
    'slots-quarantined',
    withStatus({ slots: { ...status.slots, quarantined: 1 } }),
    /1 of 2 slots are out of service/,
  ],
  ['disk-low', disk(4.96e9), /The disk of "\/state" has 5\.0 GB free, and 5\.0 GB are wanted/],
  [
    'signatures-broken',
    withStatus({ signatures: { lines: 4, sha256: null, problem: 'its last line, 4, was changed' } }),
    /signatures\.jsonl .*its last line, 4, was changed\./,
  ],
  ['apple-unreachable', { apple: { missed: 3 } }, /3 requests in a row/],
  [
    'failure-rate',
    { outcomes: { finished: 8, failed: { VM_TIMED_OUT: 3, DISK_FULL: 1 } } },
    /4 of the last 8 failed so, with VM_TIMED_OUT \(3\), DISK_FULL \(1\)/,
  ],
  [
    'credential-expiring',
    { expiring: [{ name: 'the profile "A"', expiresAtMs: Date.UTC(2026, 0, 9) }] },
    /The profile "A" on 2026-01-09\./,
  ],
] satisfies [string, Partial<AlarmFacts>, RegExp][])(
  '%s says what is the case and what to do',
  (alarm, facts, reason) => {
    const [finding, ...others] = raisedBy(facts);
    expect(others).toEqual([]);
    expect(finding?.alarm).toBe(alarm);
    expect(finding?.said.reason).toMatch(reason);
    expect(finding?.said.summary).toBe(alarmKinds[alarm as keyof typeof alarmKinds].meaning);
    expect(finding?.said.nextStep).not.toBe('');
  },
);

test.each([
  ['disk-low', disk(5.5e9)],
  ['apple-unreachable', { apple: { missed: 2 } }],
  ['failure-rate', { outcomes: { finished: 10, failed: { VM_TIMED_OUT: 4 } } }],
  ['failure-rate', { outcomes: { finished: 2, failed: { VM_TIMED_OUT: 1 } } }],
] satisfies [string, Partial<AlarmFacts>][])(
  '%s is neither raised nor over at its border',
  (alarm, facts) => {
    expect(nothingOf(facts)).toEqual([alarm]);
  },
);

test.each([
  ['failure-rate', { outcomes: { finished: 0, failed: {} } }],
  ['apple-unreachable', { apple: { missed: null } }],
  ['hub-refused', withStatus({ link: 'none' })],
  ['machines-leaked', withStatus({ work: 'sweeping' })],
  ['machines-unlisted', withStatus({ work: 'sweeping' })],
] satisfies [string, Partial<AlarmFacts>][])('of %s a new process knows nothing', (alarm, facts) => {
  expect(nothingOf(facts)).toContain(alarm);
});

test.each([
  [
    'worker-unable',
    withStatus({ obstacles: [{ about: 'disk', summary: 'S.', reason: 'R.', nextStep: 'N.' }] }),
    ['disk'],
  ],
  ['disk-low', disk(1e9), ['/state']],
  ['disk-low', disk(2e9), ['/state']],
  ['credential-expiring', { expiring: [{ name: 'the profile "A"', expiresAtMs: 9 }] }, ['the profile "A"']],
  [
    'port-in-use',
    withStatus({ closedPorts: [{ name: 'inspector', port: 1, problem: 'it is in use' }] }),
    ['inspector'],
  ],
] satisfies [string, Partial<AlarmFacts>, string[]][])('%s says what it is about', (_, facts, subjects) => {
  expect(raisedBy(facts)).toMatchObject([{ subjects }]);
});

test('a disk that the system says nothing of, and few jobs, are no reason', () => {
  expect(raisedBy(disk(undefined))).toEqual([]);
  expect(raisedBy({ outcomes: { finished: 4, failed: { VM_TIMED_OUT: 4 } } })).toEqual([]);
});

test('names of others are one line each, and few', () => {
  const leaked = Array.from({ length: 300 }, (_, number) => `vm-${number}\u001b[2J\n${'x'.repeat(500)}`);
  const [finding] = raisedBy(withStatus({ leaked }));
  expect(finding?.said.reason).toMatch(/and 295 more\.$/);
  expect(finding?.said.reason.length).toBeLessThan(1_000);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
  expect(finding?.said.reason).not.toMatch(/[\u0000-\u001f]/);
});

describe('the last jobs', () => {
  const job = (result: JobRecord['result'], kind?: 'input' | 'host' | 'upstream', code = 'VM_TIMED_OUT') =>
    ({
      result,
      failure: kind ? { kind, code, summary: '', reason: '', nextStep: '' } : null,
    }) as JobRecord;

  test('count when they are no fault of their senders, and were brought to an end', () => {
    const outcomes = new LastOutcomes();
    for (const each of [
      ...[job('succeeded'), job('failed', 'host'), job('failed', 'upstream', 'APPLE_UNAVAILABLE')],
      ...[
        job('failed', 'input', 'P12_PASSWORD_WRONG'),
        job('cancelled', 'input'),
        job('dropped'),
        job('notTaken', 'host'),
      ],
    ])
      outcomes.add(each, 0);
    expect(outcomes.facts(1)).toEqual({ finished: 3, failed: { VM_TIMED_OUT: 1, APPLE_UNAVAILABLE: 1 } });
  });

  test('are the last twenty of the last hours', () => {
    const outcomes = new LastOutcomes();
    for (let number = 0; number < 100; number += 1) outcomes.add(job('failed', 'host'), 0);
    for (let number = 0; number < 12; number += 1) outcomes.add(job('succeeded'), 3_600_000);
    expect(outcomes.facts(3_600_000)).toEqual({ finished: 20, failed: { VM_TIMED_OUT: 8 } });
    expect(outcomes.facts(6 * 3_600_000)).toEqual({ finished: 12, failed: {} });
    expect(outcomes.facts(7 * 3_600_000)).toEqual({ finished: 0, failed: {} });
  });
});

describe("Apple's answers", () => {
  const ended = (how: 'done' | 'error', port: string, code?: string) =>
    ({
      type: '@xstate.event',
      event: { type: `xstate.${how}.actor.${port}`, ...(code && { error: { failure: { code } } }) },
    }) as never;

  test('that did not come are counted in a row, whichever job asked', () => {
    const apple = new AppleAnswers();
    apple.observe(ended('error', 'askVerdict', 'APPLE_UNAVAILABLE'), 1);
    apple.observe(ended('error', 'reserveUpload', 'APPLE_UNAVAILABLE'), 2);
    apple.observe(ended('done', 'codesign'), 3);
    apple.observe(ended('error', 'fetchLog', 'NOTARY_LOG_MISSING'), 4);
    expect(apple.facts(5)).toEqual({ missed: 2 });
    apple.observe(ended('done', 'askVerdict'), 6);
    expect(apple.facts(7)).toEqual({ missed: 0 });
  });

  test('are forgotten when nobody has asked for an hour', () => {
    const apple = new AppleAnswers();
    for (let number = 0; number < 5; number += 1)
      apple.observe(ended('error', 'askVerdict', 'APPLE_UNAVAILABLE'), 1_000);
    expect(apple.facts(1_000 + 3_599_999)).toEqual({ missed: 5 });
    expect(apple.facts(1_000 + 3_600_000)).toEqual({ missed: null });
    expect(apple.facts(1_000 + 7 * 86_400_000)).toEqual({ missed: 0 });
  });

  test('whatever is seen, nothing is thrown', () => {
    const apple = new AppleAnswers();
    for (const odd of [{}, { type: '@xstate.event' }, { type: '@xstate.event', event: {} }])
      expect(() => apple.observe(odd as never)).not.toThrow();
    expect(() => apple.observe(ended('error', 'askVerdict'))).not.toThrow();
  });
});

describe('certificates and profiles', () => {
  const DAY_MS = 86_400_000;
  const use = (name: string, days: number) =>
    ({ kind: 'profile', name, expiresAtMs: days * DAY_MS }) as const;

  test('that expire within two weeks are told, until a job has used the new one', () => {
    const expiries = new Expiries();
    expiries.add(use('a', 13), 0);
    expiries.add(use('b', 15), 0);
    expiries.add(use('c', 2), 0);
    expect(expiries.facts(0).map(({ name }) => name)).toEqual(['the profile "c"', 'the profile "a"']);
    expiries.add(use('c', 365), 1);
    expect(expiries.facts(1).map(({ name }) => name)).toEqual(['the profile "a"']);
    expect(expiries.facts(1.5 * DAY_MS).map(({ name }) => name)).toEqual([
      'the profile "a"',
      'the profile "b"',
    ]);
  });

  test('are taken from the check of a job, whatever that says', () => {
    const expiries = new Expiries();
    const checked = (output: unknown) =>
      expiries.observe(
        {
          type: '@xstate.event',
          event: { type: 'xstate.done.actor.checkCredentials', output },
        } as never,
        0,
      );
    for (const odd of [undefined, null, {}, { used: 'x' }]) checked(odd);
    expiries.observe({ type: '@xstate.event' } as never);
    checked({ used: [use('a', 3)] });
    expect(expiries.facts(0)).toEqual([{ name: 'the profile "a"', expiresAtMs: 3 * DAY_MS }]);
  });

  test('that no job has used for a week are told no more, and no number of them is kept', () => {
    const expiries = new Expiries();
    for (let number = 0; number < 10_000; number += 1) expiries.add(use(`${number}`, 3), number);
    expect(expiries.facts(10_000)).toHaveLength(500);
    expect(expiries.facts(8 * DAY_MS)).toEqual([]);
  });
});

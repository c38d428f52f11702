import { expect, test } from 'vitest';
import { endpointOf, type OrchardApi } from '../../src/adapters/vm/orchard/api.ts';
import { notStarted, notTaken } from '../../src/adapters/vm/orchard/failures.ts';
import { orchardMachines } from '../../src/adapters/vm/orchard/machines.ts';
import { machinesAmong } from '../../src/adapters/vm/orchard/occupancy.ts';
import { readWorkers } from '../../src/adapters/vm/orchard/workers.ts';
import { answerLine } from '../../src/cli/answer-line.ts';

const saying = (json: unknown): OrchardApi => ({ ask: async () => ({ status: 200, json }) });
const never = new AbortController().signal;
const mac = { name: 'mac-01', resources: { 'org.cirruslabs.tart-vms': 2 } };

test.each([
  ['https://one.example//two.example', 'https://one.example//two.example/v1/vms'],
  ['https://one.example//', 'https://one.example//v1/vms'],
  ['https://one.example/orchard/', 'https://one.example/orchard/v1/vms'],
])('credentials for %s go to its host alone', (url, expected) => {
  expect(endpointOf(url, '/vms').href).toBe(expected);
});

const STEERING = '\u001b[2J\u001b]0;title\u0007mac\u202e-01\r\n\u0000\u2028\u009b31m';
const STEERS = /[\p{Cc}\p{Cf}\u2028\u2029]/u;
/** All texts in it. */
const leavesOf = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : Object.values(Object(value)).flatMap(leavesOf);

test('nothing that workers and machines are called, or say, steers a terminal or turns the direction of a line', async () => {
  const uid = 'uid';
  const row = { name: 'theirs', uid, status: 'failed', status_message: STEERING, worker: STEERING };
  const machines = orchardMachines(saying([row]), {
    share: (ask: (signal: AbortSignal) => unknown) => ask,
  } as never);
  const seen = await machines.look('theirs', uid, never);
  expect(seen).toMatchObject({ stage: 'failed', worker: expect.stringContaining('mac') });
  const workers = await readWorkers(saying([{ ...mac, name: STEERING, arch: STEERING }]), never);
  const others = machinesAmong([{ ...row, name: STEERING, image: STEERING, image_fqn: STEERING }]);
  const end = { ...seen, why: 'failed', missed: [seen] } as never;
  const { failure } = notStarted('golden', end);
  const told = leavesOf([workers, others, seen, failure]);
  expect(told.length).toBeGreaterThan(10);
  for (const text of told) expect(text).not.toMatch(STEERS);
  // one is found by the other
  expect(seen.worker).toBe(workers[0]?.name);
  expect(others[0]?.worker).toBe(workers[0]?.name);
});

test('an answer of doctor is one line, whatever its evidence is', () => {
  const line = answerLine({ verdict: 'remark', question: 'Who?', evidence: STEERING, fix: STEERING });
  expect(line.split('\n')).toHaveLength(2);
  expect(line.replace('\n', '')).not.toMatch(/[\p{Cc}\u202e\u2028]/u);
});

test('one odd worker hides no other', async () => {
  const workers = await readWorkers(saying([mac, { name: 7 }, null, { ...mac, name: 'mac-02' }]), never);
  expect(workers.map(({ name, slots }) => [name, slots])).toEqual([
    ['mac-01', 2],
    ['mac-02', 2],
  ]);
});

test.each([1.5, -100, 1e308, Number.NaN])('%s is no number of slots', async (count) => {
  const resources = { 'org.cirruslabs.tart-vms': count };
  expect(await readWorkers(saying([{ ...mac, resources }]), never)).not.toContainEqual(
    expect.objectContaining({ slots: count }),
  );
  for (const { slots } of machinesAmong([{ name: 'theirs', worker: 'mac-01', resources }]))
    expect(slots).toBe(0);
});

test('of an answer that refuses a machine, the log gets its message alone, and not all of a long one', () => {
  const { detail } = notTaken('image', 412, { message: 'm'.repeat(10_000), token: 'secret' }) as {
    detail?: { said?: string };
  };
  expect(detail?.said?.length).toBeLessThanOrEqual(500);
});

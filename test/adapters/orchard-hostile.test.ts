import { expect, test } from 'vitest';
import { endpointOf, type OrchardApi } from '../../src/adapters/vm/orchard/api.ts';
import { notTaken } from '../../src/adapters/vm/orchard/failures.ts';
import { machinesAmong } from '../../src/adapters/vm/orchard/occupancy.ts';
import { readWorkers } from '../../src/adapters/vm/orchard/workers.ts';

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

import { expect, test } from 'vitest';
import { machinesAmong } from '../../src/adapters/vm/orchard/occupancy.ts';
import { roomIn } from '../../src/adapters/vm/orchard/room.ts';
import type { ClusterWorker } from '../../src/adapters/vm/orchard/workers.ts';

const wish = { arch: 'arm64', runtime: 'tart', labels: { pool: 'signing' } } as const;
const mac = (more: Partial<ClusterWorker> = {}): ClusterWorker => ({
  ...{ name: 'mac-01', arch: 'arm64', runtime: 'tart', slots: 2, isPaused: false, silentMs: 10_000 },
  labels: { pool: 'signing', disk: 'fast' },
  ...more,
});
const on = (worker: string, slots = 1) => ({
  ...{ name: 'x', status: 'running', image: '' },
  ...{ worker, resources: { 'org.cirruslabs.tart-vms': slots } },
});
const room = (workers: readonly ClusterWorker[], foreign: readonly unknown[] = []) =>
  roomIn(workers, machinesAmong(foreign), wish);

test.each([
  ['none', [], 0],
  ['one', [mac()], 2],
  ['two', [mac(), mac({ name: 'mac-02' })], 4],
  ['one that is paused', [mac({ isPaused: true })], 0],
  ['one whose clock is 70 s behind', [mac({ silentMs: 85_000 })], 2],
  ['one whose clock is an hour ahead', [mac({ silentMs: -3_600_000 })], 2],
  ['one that the controller still gives machines', [mac({ silentMs: 180_000 })], 2],
  ['one that the controller has given up', [mac({ silentMs: 180_001 })], 0],
  ['one of another processor', [mac({ arch: 'amd64' })], 0],
  ['one of another runtime', [mac({ runtime: 'vetu' })], 0],
  ['one with another label', [mac({ labels: { pool: 'builds' } })], 0],
  ['one that names no number', [mac({ slots: undefined })], 0],
])('workers: %s', (_, workers, slots) => {
  expect(room(workers).slots).toBe(slots);
});

test('machines of others count where they are, and nowhere else', () => {
  const macs = [mac(), mac({ name: 'mac-02' })];
  expect(room(macs, [on('mac-01')]).slots).toBe(3);
  expect(room(macs, [on('mac-01', 2), on('mac-01')]).slots).toBe(2);
  expect(room(macs, [on('mac-02', 0)]).slots).toBe(4);
  expect(room(macs, [on(''), on('mac-09'), { name: 'queued' }, null, 7]).slots).toBe(4);
});

test('of a large cluster some slots are left free, and more than 256 are never told', () => {
  const macs = (count: number) => Array.from({ length: count }, (_, n) => mac({ name: `mac-${n}` }));
  expect([10, 16, 32, 100, 1_000].map((count) => room(macs(count)).slots)).toEqual([20, 31, 62, 194, 256]);
});

test('what is told says why', () => {
  const all = [mac(), mac({ name: 'b', isPaused: true }), mac({ name: 'c', silentMs: 3_600_000 })];
  expect(room(all, [on('mac-01')]).account).toBe(
    'workers: 1 of 3, slots: 2, taken by others: 1, workers paused: 1, workers silent, or with a clock that is behind: 1',
  );
});

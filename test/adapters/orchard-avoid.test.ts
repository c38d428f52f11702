import { expect, test } from 'vitest';
import { createSuspects, labelAway } from '../../src/adapters/vm/orchard/avoid.ts';
import type { ClusterMachine } from '../../src/adapters/vm/orchard/occupancy.ts';
import type { ClusterWorker } from '../../src/adapters/vm/orchard/workers.ts';

const worker = (name: string, labels: Readonly<Record<string, string>>, slots = 2): ClusterWorker => ({
  ...{ name, labels, slots, arch: 'arm64', runtime: 'tart', isPaused: false, silentMs: 0 },
});
const machineOn = (where: string): ClusterMachine => ({
  ...{ name: 'vm', status: 'running', image: 'golden', imageTaken: '', worker: where, slots: 1 },
});
const avoid = (...names: string[]) => new Set(names);

test('the label that leads to most free places, and to none of the avoided workers', () => {
  const workers = [
    worker('mac-01', { pool: 'signing', room: 'a', host: 'mac-01' }),
    worker('mac-02', { pool: 'signing', room: 'a', host: 'mac-02' }),
    worker('mac-03', { pool: 'signing', room: 'b', host: 'mac-03' }),
    worker('mac-04', { pool: 'signing', room: 'b', host: 'mac-04' }),
  ];
  expect(labelAway(workers, [], avoid('mac-01'))).toEqual({ room: 'b' });
  expect(labelAway(workers, [], avoid('mac-01', 'mac-03'))).toEqual({ host: 'mac-02' });
  const full = ['mac-03', 'mac-03', 'mac-04', 'mac-04'].map(machineOn);
  expect(labelAway(workers, full, avoid('mac-01'))).toEqual({ host: 'mac-02' });
});

test('none where no label tells them apart, or where nothing is free elsewhere', () => {
  const same = [worker('mac-01', { pool: 'signing' }), worker('mac-02', { pool: 'signing' })];
  expect(labelAway(same, [], avoid('mac-01'))).toEqual({});
  const full = [worker('mac-01', { host: '1' }), worker('mac-02', { host: '2' }, 1)];
  expect(labelAway(full, [machineOn('mac-02')], avoid('mac-01'))).toEqual({});
  expect(labelAway([], [], avoid('mac-01'))).toEqual({});
});

test('a worker is avoided for half an hour, or until it has brought a machine to run', () => {
  let nowMs = 0;
  const suspects = createSuspects(() => nowMs);
  for (const name of ['mac-01', 'mac-01', 'mac-02']) suspects.add(name);
  expect(suspects.counts()).toEqual({ 'mac-01': 2, 'mac-02': 1 });
  suspects.clear('mac-02');
  expect([...suspects.names()]).toEqual(['mac-01']);
  nowMs = 30 * 60_000;
  expect(suspects.counts()).toEqual({});
});

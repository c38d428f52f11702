import { expect, test } from 'vitest';
import { worstOf } from '../../src/daemon/free-disk.ts';

const disk = (freeBytes: number | undefined, wantedBytes = 5e9, neededBytes = 0.1e9) => ({
  ...{ folder: '/', freeBytes, wantedBytes, neededBytes },
});

test.each([
  [[disk(95.4e6)], { freeBytes: 95e6, level: 'full' }],
  [[disk(4.96e9)], { freeBytes: 4.9e9, level: 'low' }],
  [[disk(7.77e9), disk(6e9)], { freeBytes: 6e9, level: 'enough' }],
  // the worse one, though more is free there
  [[disk(40e9, 75e9, 50e9), disk(6e9)], { freeBytes: 40e9, level: 'full' }],
  [[disk(undefined)], null],
])('of the disks %j is told what the obstacles would say', (disks, told) => {
  expect(worstOf(disks)).toEqual(told);
});

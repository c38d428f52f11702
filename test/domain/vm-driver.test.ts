import { expect, test } from 'vitest';
import { bootsAtOnce } from '../../src/domain/vm-driver.ts';

test('machines of QEMU boot one after the other on a small host; those of other kinds as they come', () => {
  expect([1, 2, 3, 4, 16].map((processors) => bootsAtOnce('qemu', processors))).toEqual([1, 1, 1, 2, 8]);
  expect(bootsAtOnce('local', 2)).toBeUndefined();
  expect(bootsAtOnce('tart', 2)).toBeUndefined();
});

import { expect, test } from 'vitest';
import { signingTimeFault } from '../../src/run/steps/signing-time.ts';

const NOW_MS = Date.UTC(2026, 4, 1, 12);
const HOUR_MS = 3_600_000;
const hours = (count: number): Date => new Date(NOW_MS + count * HOUR_MS);

test.each([
  ['nothing', []],
  ['now', [hours(0), undefined]],
  ['a clock that is late, and one that is early', [hours(-3), hours(3)]],
])('a signature of %s is taken', (_, times) => {
  expect(signingTimeFault(times, NOW_MS)).toBeUndefined();
});

test.each([
  ['years ago', [hours(-100_000), undefined]],
  ['next week', [hours(170)]],
  ['now that was confirmed last month', [hours(0), hours(-700)]],
  ['no time', [new Date(Number.NaN)]],
])('a signature of %s is found out', (_, times) => {
  expect(signingTimeFault(times, NOW_MS)).toMatch(/^Its signature says that it was made at .+\.$/);
});

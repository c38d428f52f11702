import { expect, test } from 'vitest';
import { sinceMsOf } from '../../src/cli/since.ts';

const nowMs = Date.parse('2026-11-20T10:00:00Z');
const DAY_MS = 86_400_000;

test.each([
  ['90s', nowMs - 90_000],
  ['15m', nowMs - 900_000],
  ['1h', nowMs - 3_600_000],
  ['2d', nowMs - 2 * DAY_MS],
  ['2w', nowMs - 14 * DAY_MS],
  // from its first minute where the command runs
  ['2026-11-01', new Date(2026, 10, 1).getTime()],
  ['2024-02-29', new Date(2024, 1, 29).getTime()],
  ['2026-11-01T08:30', new Date(2026, 10, 1, 8, 30).getTime()],
  ['2026-11-01T08:30:15Z', Date.UTC(2026, 10, 1, 8, 30, 15)],
  ['2026-11-01T08:30+01:00', Date.UTC(2026, 10, 1, 7, 30)],
])('%s is understood', (flag, atMs) => {
  expect(sinceMsOf(flag, nowMs)).toBe(atMs);
});

test.each([
  '',
  'yesterday',
  '1y',
  '1.5h',
  '-1h',
  '2026',
  '2026-11',
  '2026-13-01',
  '2026-02-29',
  '2026-11-31T08:30',
  '2026-11-01 08:30',
  '2026-11-01T25:00',
  '01.11.2026',
  'Nov 1 2026',
])('"%s" is refused, with what may be written', (flag) => {
  const code = 'COMMAND_USAGE_WRONG';
  const nextStep = expect.stringContaining('2w, 2026-11-01');
  expect(() => sinceMsOf(flag, nowMs)).toThrow(
    expect.objectContaining({ failure: expect.objectContaining({ code, nextStep }) }),
  );
});

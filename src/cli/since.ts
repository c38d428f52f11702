import { usage } from './sign-files.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};
const DAY = /^\d{4}-\d\d-\d\d$/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?$/;

/**
 * Where `--since` begins: `90s`, `15m`, `1h`, `2d` or `2w` ago, on a day (`2026-11-01`, from its first minute here), or at
 * a time (`2026-11-01T08:30`, here, or with `Z` or `+01:00`).
 *
 * @returns milliseconds since 1970
 * @throws ShipError COMMAND_USAGE_WRONG
 */
export function sinceMsOf(flag: string, nowMs: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(flag) ?? [];
  const atMs = count === undefined ? momentOf(flag) : nowMs - Number(count) * (UNIT_MS[unit] ?? 0);
  if (atMs !== undefined) return atMs;
  throw usage(
    `"--since ${flag.slice(0, 40)}" cannot be read.`,
    'It is a whole number of seconds, minutes, hours, days or weeks, or a date.',
    'Write 90s, 15m, 1h, 2d, 2w, 2026-11-01 or 2026-11-01T08:30.',
  );
}

/** Undefined for what is no date of the calendar. */
function momentOf(flag: string): number | undefined {
  const day = flag.slice(0, 10);
  // the engine takes the 30th of February for the 2nd of March
  if (Number.isNaN(Date.parse(day)) || new Date(day).toISOString().slice(0, 10) !== day) return undefined;
  // a date alone would be that day in Greenwich
  const atMs = DAY.test(flag)
    ? Date.parse(`${flag}T00:00`)
    : MOMENT.test(flag)
      ? Date.parse(flag)
      : Number.NaN;
  return Number.isNaN(atMs) ? undefined : atMs;
}

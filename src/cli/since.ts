import { usage } from './sign-files.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * How far back `--since` goes: `90s`, `15m`, `1h`, `2d`.
 *
 * @returns milliseconds
 * @throws ShipError COMMAND_USAGE_WRONG
 */
export function agoMsOf(flag: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(flag) ?? [];
  if (count !== undefined) return Number(count) * (UNIT_MS[unit] ?? 0);
  throw usage(
    `"--since ${flag.slice(0, 40)}" cannot be read.`,
    'A time goes back by a whole number of seconds, minutes, hours or days.',
    'Write 90s, 15m, 1h or 2d.',
  );
}

/** What may steer a terminal, turn text around or hide in it. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Letters that are written from the right to the left. */
const FROM_THE_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * A text of somebody else, as it may be shown: one line, nothing in it that is not seen. Its direction does not reach
 * beyond it, also in a sentence, a title or a label.
 */
export function plain(text: string, maxCharacters = 300): string {
  const seen = shortened(text, maxCharacters).replace(UNSEEN, '\u{fffd}');
  return FROM_THE_RIGHT.test(seen) ? `\u2068${seen}\u2069` : seen;
}

/** Not through the middle of a character. */
const shortened = (text: string, maxCharacters: number): string =>
  text.length > maxCharacters ? `${text.slice(0, maxCharacters - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;

/** 900 → `0 s`, 59_000 → `59 s`, 61_000 → `1 min 1 s`, 3_600_000 → `1 h 0 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min ${seconds % 60} s`;
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The same for steps, which may be short: 40 → `40 ms`, 1_500 → `1.5 s`. */
export function shortDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  return duration(ms);
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** 1_500_000 → `1.5 MB` */
export function byteSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** 1 → `1 job`, 2 → `2 jobs` */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** `checkingCredentials` → `checking credentials` */
export const inWords = (name: string): string =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

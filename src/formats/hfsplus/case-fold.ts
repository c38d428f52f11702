/**
 * Case folding of HFS+: two names in one folder are the same name when they fold to the same string.
 * This is Apple's fixed table of 2000, not Unicode's and not JavaScript's: `toLowerCase` folds hundreds of
 * letters more, and a volume sorted by it is out of order for macOS.
 *
 * @see https://developer.apple.com/library/archive/technotes/tn/tn1150table.html
 */

/** `from[-to][/step]:delta`, hexadecimal code units and a decimal number to add. */
const FOLDS = `
41-5a:32 c6:32 d0:32 d8:32 de:32 110:1 126:1 132:1 13f-141/2:1 14a:1 152:1 166:1 181:210 182-184/2:1 186:206
187:1 189-18a:205 18b:1 18e:79 18f:202 190:203 191:1 193:205 194:207 196:211 197:209 198:1 19c:211 19d:213
19f:214 1a2-1a4/2:1 1a7:1 1a9:218 1ac:1 1ae:218 1b1-1b2:217 1b3-1b5/2:1 1b7:219 1b8:1 1bc:1 1c4:2 1c5:1 1c7:2
1c8:1 1ca:2 1cb:1 1e4:1 1f1:2 1f2:1 391-3a1:32 3a3-3a9:32 3e2-3ee/2:1 402-404/2:80 405-406:80 408-40b:80 40f:80
410-418:32 41a-42f:32 460-474/2:1 478-480/2:1 490-4be/2:1 4c3:1 4c7:1 4cb:1 531-556:48 10a0-10c5:48
2160-216f:16 ff21-ff3a:32`;

/** Left out of every comparison: joiners, marks of direction, the byte order mark. */
const IGNORED = [
  [0x200c, 0x200f],
  [0x202a, 0x202e],
  [0x206a, 0x206f],
  [0xfeff, 0xfeff],
] as const;

const IGNORE = -1;

function foldTable(): Int32Array {
  const table = Int32Array.from({ length: 0x10000 }, (_, unit) => unit);
  for (const rule of FOLDS.trim().split(/\s+/)) applyRule(table, rule);
  for (const [from, to] of IGNORED) table.fill(IGNORE, from, to + 1);
  table[0] = 0xffff;
  return table;
}

function applyRule(table: Int32Array, rule: string): void {
  const [range = '', delta] = rule.split(':');
  const [span = '', step = '1'] = range.split('/');
  const [from = 0, to = from] = span.split('-').map((hex) => Number.parseInt(hex, 16));
  for (let unit = from; unit <= to; unit += Number(step)) table[unit] = unit + Number(delta);
}

const table = foldTable();

/** What one UTF-16 unit counts as in a comparison; -1 when it does not count at all. */
export const foldUnit = (unit: number): number => table[unit] ?? unit;

/** Folded names compare with `<` as macOS compares the names: unit by unit, the shorter first on a tie. */
export function foldName(name: string): string {
  const units: number[] = [];
  for (let index = 0; index < name.length; index++) {
    const folded = foldUnit(name.charCodeAt(index));
    if (folded !== IGNORE) units.push(folded);
  }
  return String.fromCharCode(...units);
}

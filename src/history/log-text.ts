import { plain } from '../observability/columns.ts';
import { counted } from '../text.ts';
import type { JobLog, LogEntry } from './record.ts';
import { clock } from './words.ts';

/** Lines that are shown unasked. */
const SHOWN_LINES = 15;
const MAX_LINE_CHARACTERS = 2_000;
const MAX_FACT_CHARACTERS = 300;
const MAX_CAUSES = 4;

/** The log of a run for a person; of one that is not whole, the last lines, and how to see the others. */
export function renderLog({ first, leftOut, last }: JobLog, isWhole: boolean): string[] {
  const count = first.length + leftOut + last.length;
  if (count === 0) return ['No line of its log is kept.'];
  const gap = leftOut === 0 ? [] : [`… ${counted(leftOut, 'line')} of a long log were not kept …`];
  if (isWhole || count <= SHOWN_LINES)
    return [`log (${counted(count, 'line')})`, ...first.flatMap(textOf), ...gap, ...last.flatMap(textOf)];
  const shown = [...first, ...last].slice(-SHOWN_LINES);
  return [`log (the last ${SHOWN_LINES} of ${count} lines; --log shows all)`, ...shown.flatMap(textOf)];
}

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
};

function textOf({ atMs, level, message, facts }: LogEntry): string[] {
  const { err, ...others } = facts;
  const said = Object.entries(others).map(([name, value]) => `${name}=${textOfFact(value)}`);
  const line = [clock(atMs), (LEVELS[level] ?? String(level)).padEnd(5), message, ...said].join('  ');
  return [plain(line, MAX_LINE_CHARACTERS), ...causesOf(err).map((cause) => `          ${cause}`)];
}

function textOfFact(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > MAX_FACT_CHARACTERS ? `${text.slice(0, MAX_FACT_CHARACTERS)}…` : text;
}

/** Without stack traces, which are for programs: `--json` has them. */
function causesOf(error: unknown, depth = 0): string[] {
  if (error === undefined || error === null || depth > MAX_CAUSES) return [];
  if (typeof error !== 'object') return [plain(String(error), MAX_LINE_CHARACTERS)];
  const { type, code, message, summary, reason, detail, cause } = error as Record<string, unknown>;
  const parts = [
    code ?? type,
    message ?? summary,
    reason,
    detail === undefined ? undefined : textOfFact(detail),
  ];
  const text = parts.filter((part) => typeof part === 'string' && part !== '').join(': ');
  return [plain(text, MAX_LINE_CHARACTERS), ...causesOf(cause, depth + 1)];
}

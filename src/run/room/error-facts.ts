import { ShipError } from '../../errors.ts';
import type { LogFacts } from '../channel/messages.ts';

const MAX_TEXT = 8 * 1024;
const MAX_CAUSES = 4;

/** What only the operator's log may have of an error: its detail, its causes, and the stack of an unknown one. */
export function factsOf(error: unknown): LogFacts {
  const detail = error instanceof ShipError ? error.detail : stackOf(error);
  return Object.fromEntries(
    Object.entries({ ...detail, ...causesOf(error) }).map(([name, value]) => [
      name.slice(0, 100),
      plain(value),
    ]),
  );
}

const stackOf = (error: unknown): Readonly<Record<string, unknown>> =>
  error instanceof Error ? { stack: error.stack } : { thrown: String(error) };

/** Causes may go round in a circle. */
function causesOf(error: unknown, depth = 1): Readonly<Record<string, string>> {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause === undefined || depth > MAX_CAUSES) return {};
  const said = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return { [`cause${depth > 1 ? depth : ''}`]: said, ...causesOf(cause, depth + 1) };
}

function plain(value: unknown): LogFacts[string] {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'boolean' || value === null) return value;
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.slice(0, MAX_TEXT);
}

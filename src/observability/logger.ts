import { type Logger, pino, stdSerializers } from 'pino';
import { ShipError } from '../errors.ts';
import { toStderr } from './log-output.ts';
import { type LineRedactor, redactLine } from './redact-line.ts';
import { withSourceLines } from './source-lines.ts';

export type { Logger };

export interface LoggerOptions {
  readonly level: string;
  /** Every line passes it before it is written. */
  readonly redactor: LineRedactor;
  /** Coloured lines for a person; JSON lines otherwise. */
  readonly forTerminal: boolean;
  /** Takes the finished lines, as JSON, in the place of stderr. */
  readonly write?: (line: string) => void;
  /** Hears each finished line before it is written, and those from `info` on that `level` leaves out. */
  readonly hear?: (line: string) => void;
}

/**
 * One line a fact, on stderr: stdout belongs to the commands. The finished line is redacted, so that no field, message
 * or stack can carry a secret past it.
 */
export function createLogger({
  level,
  redactor,
  forTerminal,
  write = toStderr(forTerminal),
  hear,
}: LoggerOptions): Logger {
  const written = levelNumber(level);
  const isQuieter = hear !== undefined && written > levelNumber('info');
  return pino(
    {
      ...{ level: isQuieter ? 'info' : level, base: null },
      serializers: { err: (error: unknown) => describeError(error) },
    },
    {
      write: (line: string) => {
        const clean = redactLine(line, redactor);
        hear?.(clean);
        if (!isQuieter || levelOf(clean) >= written) write(clean);
      },
    },
  );
}

/** `silent` is above all others. */
const levelNumber = (level: string): number => pino.levels.values[level] ?? Number.POSITIVE_INFINITY;

/** The level comes first in every line. */
const levelOf = (line: string): number => Number(/^\{"level":(\d+)/.exec(line)?.[1]);

const MAX_CAUSES = 8;

/** The log form of an error: what was reported, what only the operator may see, and the cause. */
function describeError(error: unknown, depth = 0): unknown {
  // causes may go round in a circle
  if (!(error instanceof Error) || depth > MAX_CAUSES) return error instanceof Error ? error.message : error;
  const { type, message, stack } = stdSerializers.err(error);
  if (!(error instanceof ShipError))
    return {
      type,
      message,
      stack: stack && withSourceLines(stack),
      cause: describeError(error.cause, depth + 1),
    };
  return {
    ...error.failure,
    detail: error.detail,
    ...(error.cause !== undefined && { cause: describeError(error.cause, depth + 1) }),
  };
}

import { destination, type Logger, pino, stdSerializers } from 'pino';
import pretty from 'pino-pretty';
import { ShipError } from '../errors.ts';
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
  /** Hears each finished line before it is written. */
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
  hear = () => {},
}: LoggerOptions): Logger {
  return pino(
    { level, base: null, serializers: { err: (error: unknown) => describeError(error) } },
    {
      write: (line: string) => {
        const clean = redactLine(line, redactor);
        hear(clean);
        write(clean);
      },
    },
  );
}

function toStderr(forTerminal: boolean): (line: string) => void {
  const file = destination({ dest: 2, sync: true });
  // a terminal that was closed, or a full disk behind stderr, is no reason to stop working
  file.on('error', () => {});
  if (!forTerminal) return gathered((text) => void file.write(text));
  const lines = pretty({ destination: file, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' });
  return (line) => void lines.write(line);
}

/** Of all loggers of this process, for its end. */
const unwritten = new Set<() => void>();
process.once('exit', () => {
  for (const flush of unwritten) flush();
});

/** What is said at once is written at once: a call into the system for each line would be most of its cost. */
function gathered(write: (text: string) => void): (line: string) => void {
  let waiting = '';
  const flush = () => {
    const text = waiting;
    waiting = '';
    unwritten.delete(flush);
    if (text !== '') write(text);
  };
  return (line) => {
    if (waiting === '') process.nextTick(flush);
    waiting += line;
    unwritten.add(flush);
  };
}

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

import { destination, type Logger, pino, stdSerializers } from 'pino';
import pretty from 'pino-pretty';
import { ShipError } from '../errors.ts';

export type { Logger };

export interface LoggerOptions {
  readonly level: string;
  /** Every line passes it before it is written. */
  readonly redact: (text: string) => string;
  /** Coloured lines for a person; JSON lines otherwise. */
  readonly forTerminal: boolean;
  /** Takes the finished lines, as JSON, in the place of stderr. */
  readonly write?: (line: string) => void;
}

/**
 * One line a fact, on stderr: stdout belongs to the commands. The finished line is redacted as a text, so that no
 * field, message or stack can carry a secret past it.
 */
export function createLogger({
  level,
  redact,
  forTerminal,
  write = toStderr(forTerminal),
}: LoggerOptions): Logger {
  return pino(
    { level, base: null, serializers: { err: describeError } },
    { write: (line: string) => write(redact(line)) },
  );
}

function toStderr(forTerminal: boolean): (line: string) => void {
  const file = destination({ dest: 2, sync: true });
  const sink = forTerminal
    ? pretty({ destination: file, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' })
    : file;
  return (line) => void sink.write(line);
}

/** The log form of an error: what was reported, what only the operator may see, and the cause. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = stdSerializers.err(error);
  if (!(error instanceof ShipError)) return { type, message, stack, cause: describeError(error.cause) };
  return {
    ...error.failure,
    detail: error.detail,
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  };
}

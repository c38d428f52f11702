import { closeSync, fstatSync, openSync, statSync, writeSync } from 'node:fs';
import { destination } from 'pino';
import pretty from 'pino-pretty';
import { ShipError } from '../errors.ts';

/** For people on a terminal, as JSON lines elsewhere. */
export function toStderr(forTerminal: boolean): (line: string) => void {
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

/**
 * Into a file, which is made anew when it was renamed or removed: whoever rotates logs tells us nothing.
 *
 * @throws ShipError CONFIG_INVALID when it cannot be opened
 */
export function toLogFile(path: string): (line: string) => void {
  let file = openFirst(path);
  return gathered((text) => {
    try {
      file = follow(path, file);
      writeSync(file, text);
    } catch {
      // a full disk behind the log is no reason to stop working
    }
  });
}

const open = (path: string): number => openSync(path, 'a', 0o600);

function openFirst(path: string): number {
  try {
    return open(path);
  } catch (error) {
    throw new ShipError('CONFIG_INVALID', {
      summary: `The log cannot be written to "${path}".`,
      reason: `The system says: ${(error as Error).message}.`,
      nextStep:
        'Make its folder and give it to the user of the daemon, or set PERRY_LOG_FILE to another file.',
      cause: error,
    });
  }
}

/** The file of that name, when the open one no longer has it; the open one when there can be no other. */
function follow(path: string, file: number): number {
  const named = statSync(path, { throwIfNoEntry: false });
  const { dev, ino } = fstatSync(file);
  if (named?.dev === dev && named.ino === ino) return file;
  const next = open(path);
  closeSync(file);
  return next;
}

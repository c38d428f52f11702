import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { withDeadline } from '../../deadline.ts';
import { ShipError } from '../../errors.ts';
import { plainLine } from '../../text.ts';
import { baseEnvironment } from '../process/environment.ts';
import { type LongLivedProcess, type ProcessEnd, spawnLongLived } from '../process/long-lived.ts';
import type { NoticeMessage } from './notice.ts';

/** Longer than a mail or a call of an API takes. */
const COMMAND_TIMEOUT_MS = 30_000;
/** Of what it says on stderr; the rest of it, and its stdout, flow away. */
const MAX_TAIL_CHARACTERS = 500;

/**
 * Runs the operator's command with one notice on its standard input: no shell, and an environment with nothing of ours.
 * It has taken the notice when it exits with 0. When its time is over, it is killed with its
 * process group: all that it has started, but for what has left that group, as `setsid` does.
 *
 * @param argv - the program and its arguments
 * @throws ShipError ALARM_NOT_DELIVERED · the signal's reason
 */
export async function runAlarmCommand(
  argv: readonly string[],
  message: NoticeMessage,
  signal: AbortSignal,
  timeoutMs = COMMAND_TIMEOUT_MS,
): Promise<void> {
  const [file = '', ...args] = argv;
  const child = begin(file, args);
  child.stdin.end(`${JSON.stringify(message)}\n`);
  child.stdout.resume();
  const tail = tailOf(child.stderr);
  const end = await endOf(child, withDeadline(signal, timeoutMs));
  // what it has started may hold them open
  child.stdout.destroy();
  child.stderr.destroy();
  signal.throwIfAborted();
  if (end === 'late') throw notTaken(file, `It has not ended after ${timeoutMs / 1_000} s, and was killed.`);
  if (end.exitCode !== 0) throw notTaken(file, endedWith(end, tail()));
}

function begin(file: string, args: readonly string[]): LongLivedProcess {
  try {
    return spawnLongLived(file, args, { env: baseEnvironment() });
  } catch (cause) {
    throw notTaken(file, 'It could not be started: it is not installed, or may not be executed.', cause);
  }
}

function endOf(child: LongLivedProcess, signal: AbortSignal): Promise<ProcessEnd | 'late'> {
  return new Promise((resolve) => {
    const kill = () => {
      child.signalGroup('SIGKILL');
      resolve('late');
    };
    if (signal.aborted) kill();
    signal.addEventListener('abort', kill, { once: true });
    void child.exited.then((end) => {
      signal.removeEventListener('abort', kill);
      resolve(end);
    });
  });
}

function tailOf(stream: Readable): () => string {
  let tail = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    tail = `${tail}${text.slice(-MAX_TAIL_CHARACTERS)}`.slice(-MAX_TAIL_CHARACTERS);
  });
  stream.on('error', () => {});
  return () => plainLine(tail.trim().split('\n').at(-1), MAX_TAIL_CHARACTERS);
}

function endedWith({ exitCode, signal }: ProcessEnd, said: string): string {
  const how = exitCode === null ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
  return said === '' ? `It ${how} and said nothing.` : `It ${how} and said: ${said}`;
}

const notTaken = (file: string, reason: string, cause?: unknown): ShipError =>
  new ShipError('ALARM_NOT_DELIVERED', {
    summary: `The command "${basename(file)}" of PERRY_ALERT_COMMAND did not take an alarm.`,
    reason,
    nextStep: 'Correct it, and try it with "perry-ship alarms test".',
    cause,
  });

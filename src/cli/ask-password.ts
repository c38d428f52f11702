import type { ReadStream, WriteStream } from 'node:tty';
import type { Failure } from '../../machines/contracts/failure.ts';

export interface Terminal {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

/** The terminal of this process; nothing when nobody sits in front of it. */
export function terminal(): Terminal | undefined {
  const { stdin: input, stderr: output } = process;
  return input.isTTY && output.isTTY ? { input, output } : undefined;
}

/** Ctrl-C, which in raw mode is a key and no signal. */
export class Interrupted extends Error {
  override readonly message = 'the question was not answered';
  /** What the person is told, where that is more than that everything is undone. */
  readonly failure: Failure | undefined;

  constructor(failure?: Failure) {
    super();
    this.failure = failure;
  }
}

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';
const RUBOUT = ['\u007f', '\b'];
const ENTER = ['\r', '\n'];

/**
 * Asks on the terminal, without an echo. What is typed passes through this process only.
 *
 * @throws Interrupted · the signal's reason when aborted
 */
export async function askPassword(
  question: string,
  { input, output }: Terminal,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  // no echo before anybody is asked: what is typed at once would be shown
  input.setRawMode(true);
  input.setEncoding('utf8');
  try {
    output.write(question);
    return await typed(input, signal);
  } finally {
    input.setRawMode(false);
    input.pause();
    output.write('\n');
  }
}

function typed(input: ReadStream, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const state = { text: '' };
    const end = (settle: () => void) => {
      input.off('data', hear);
      signal.removeEventListener('abort', stop);
      settle();
    };
    const stop = () => end(() => reject(signal.reason));
    const hear = (chunk: string) => {
      for (const character of chunk) {
        if (character === CTRL_C) return end(() => reject(new Interrupted()));
        if (ENTER.includes(character) || character === CTRL_D) return end(() => resolve(state.text));
        if (RUBOUT.includes(character)) state.text = [...state.text].slice(0, -1).join('');
        else state.text = character === CTRL_U ? '' : state.text + character;
      }
    };
    input.on('data', hear);
    signal.addEventListener('abort', stop, { once: true });
    input.resume();
  });
}

import { constants } from 'node:os';
import { createActor, fromPromise } from 'xstate';
import { renderFailure } from '../../machines/contracts/failure.ts';
import { statusWatchMachine } from '../../machines/status-watch/machine.ts';
import { askDaemon } from '../control/client.ts';
import { renderStatus } from '../observability/status-text.ts';
import { jsonText } from './print-json.ts';

/** From the first line on, and nothing below what is written next. */
const CLEAR_SCREEN = '\u001b[H\u001b[2J';

interface WatchOptions {
  /** One line of JSON for each answer. */
  readonly json: boolean;
}

/**
 * Shows the status again and again until a signal comes: on a terminal in the place of the last one, elsewhere below
 * it. A daemon that is away is waited for.
 */
export async function watchStatus(stateDir: string, { json }: WatchOptions): Promise<void> {
  const askStatus = fromPromise<string, void>(async () => {
    const answer = await askDaemon(stateDir, { request: 'status' });
    return json ? jsonText({ running: true, ...answer }, 0) : renderStatus(answer);
  });
  const watch = createActor(statusWatchMachine.provide({ actors: { askStatus } }));
  const show = json ? print : showText;
  watch.on('answered', ({ text }) => show(text));
  watch.on('unanswered', ({ failure }) =>
    show(json ? jsonText({ running: false, error: failure }, 0) : renderFailure(failure)),
  );
  watch.start();
  const signal = await firstSignal();
  watch.stop();
  process.exitCode = 128 + constants.signals[signal];
}

const firstSignal = (): Promise<'SIGINT' | 'SIGTERM'> =>
  new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve(name));
  });

const print = (text: string): void => void process.stdout.write(`${text}\n`);

function showText(text: string): void {
  const at = new Date().toLocaleTimeString('en-GB');
  print(process.stdout.isTTY ? `${CLEAR_SCREEN}${text}\n\n${at}, ends with ctrl-C` : `${at}\n${text}\n`);
}

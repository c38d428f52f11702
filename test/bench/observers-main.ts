/** A daemon whose jobs take their time and do nothing, in a process of its own, so that its CPU can be measured. */
import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from 'xstate';
import { type InstantDaemon, startInstantDaemon } from '../helpers/instant-daemon.ts';

export type ObserversQuestion =
  | {
      readonly ask: 'start';
      readonly hubUrl: string;
      readonly hubSecret: string;
      readonly stateDir: string;
      readonly holdMs: number;
      readonly env: Readonly<Record<string, string>>;
    }
  /** Milliseconds of CPU so far. */
  | { readonly ask: 'cpuMs' }
  | { readonly ask: 'end' };

let running: InstantDaemon | undefined;

async function answerTo(question: ObserversQuestion): Promise<number> {
  if (question.ask === 'start') {
    const { holdMs, ask: _, ...options } = question;
    running = await startInstantDaemon({ ...options, working: () => pause(holdMs) });
    await waitFor(running.daemon.supervisor, (state) => state.matches({ serving: { link: 'online' } }));
  }
  if (question.ask === 'end' && running) {
    running.daemon.supervisor.send({ type: 'drain.requested' });
    running.daemon.supervisor.send({ type: 'shutdown.requested' });
    await running.daemon.finished;
  }
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

process.on('message', ({ id, question }: { id: number; question: ObserversQuestion }) => {
  void answerTo(question).then((answer) => process.send?.({ id, answer }));
});
process.send?.({ isReady: true });

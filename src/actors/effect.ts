import { fromPromise, type NonReducibleUnknown } from 'xstate';
import type { AnswerOf, InputOf, PortName } from '../run/channel/ports.ts';
import type { Services } from '../run/services.ts';

/** An effect that is about a run and no step of it: its input, but for the run, goes to the process of that run. */
export const effectIn =
  (runs: Services['runs']) =>
  <P extends PortName>(port: P) =>
    fromPromise<AnswerOf<P>, InputOf<P> & NonReducibleUnknown & { readonly runId: string }>(
      ({ input: { runId, ...input }, signal }) =>
        runs.call(runId, port, input as unknown as InputOf<P>, { signal }),
    );

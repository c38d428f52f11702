import { fromPromise, type NonReducibleUnknown } from 'xstate';
import { notarizationLimits } from '../../machines/notarization/limits.ts';
import { notarizationMachine } from '../../machines/notarization/machine.ts';
import * as notarize from '../run/steps/notarize-artifact.ts';
import type { NotaryScope, NotaryServices } from '../run/steps/notary-desk.ts';
import { fetchTicket, stapleTicket } from '../run/steps/staple-artifact.ts';

import { stretched } from './jitter.ts';

export type { NotaryServices } from '../run/steps/notary-desk.ts';

const MINUTE_MS = 60_000;

type Pause = (scope: { context: { attempts: number; retryAfterMs?: number | null } }) => number;

const jittered =
  (pause: Pause): Pause =>
  (scope) =>
    stretched(pause(scope));

/**
 * The notarization with its ports filled in; each works on the desk of its run. `hold` hears of every effect: one that
 * was aborted may still be writing when its run is cleaned up.
 */
export function provideNotarization(
  services: NotaryServices,
  hold: (runId: string, work: Promise<unknown>) => void = () => {},
) {
  const effect = <TOutput, TInput extends NonReducibleUnknown & { readonly runId: string }>(
    run: (scope: NotaryScope, input: TInput) => Promise<TOutput>,
  ) =>
    fromPromise<TOutput, TInput>(async ({ input, signal }) => {
      const work = run({ services, desk: services.workbench.get(input.runId), signal }, input);
      hold(input.runId, work);
      return work;
    });
  const { retryPause, pollPause, ticketPause } = notarizationLimits;
  return notarizationMachine.provide({
    delays: {
      ...notarizationLimits,
      retryPause: jittered(retryPause),
      pollPause: jittered(pollPause),
      ticketPause: jittered(ticketPause),
      verdictTimeout: services.config.notaryTimeoutMinutes * MINUTE_MS,
      ...services.limits.notarization,
    },
    actors: {
      findSubmission: effect(notarize.findSubmission),
      submitArtifact: effect(notarize.submitArtifact),
      seekSubmission: effect(notarize.seekSubmission),
      recordSubmission: effect(notarize.recordSubmission),
      forgetSubmission: effect(notarize.forgetSubmission),
      uploadArtifact: effect((scope, input) =>
        notarize.uploadArtifact(scope, input, (sentBytes) => {
          if (!scope.signal.aborted) input.reportTo.send({ type: 'upload.progressed', sentBytes });
        }),
      ),
      askVerdict: effect(notarize.askVerdict),
      fetchLog: effect(notarize.fetchLog),
      fetchTicket: effect(fetchTicket),
      stapleTicket: effect(stapleTicket),
    },
  });
}

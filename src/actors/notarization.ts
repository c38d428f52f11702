import { fromPromise, type NonReducibleUnknown } from 'xstate';
import type { Artifact } from '../../machines/contracts/job.ts';
import { notarizationLimits } from '../../machines/notarization/limits.ts';
import { notarizationMachine } from '../../machines/notarization/machine.ts';
import type { UploadNews } from '../../machines/notarization/ports.ts';
import type { AnswerOf, InputOf, PortName } from '../run/channel/ports.ts';
import { guardedReports } from '../run/host/report-guard.ts';
import type { Services } from '../run/services.ts';
import { stretched } from './jitter.ts';

const MINUTE_MS = 60_000;

type Pause = (scope: { context: { attempts: number; retryAfterMs?: number | null } }) => number;

const jittered =
  (pause: Pause): Pause =>
  (scope) =>
    stretched(pause(scope));

/** What the daemon has to do with a notarization; all else is in the process of its run. */
export type NotarizationServices = Pick<
  Services,
  'config' | 'limits' | 'runs' | 'submissions' | 'signatures'
>;

/** The notarization with its ports filled in; each is done by the process of its run. */
export function provideNotarization(services: NotarizationServices) {
  const { config, limits, runs, submissions, signatures } = services;
  const effect = <P extends PortName>(port: P) =>
    fromPromise<AnswerOf<P>, InputOf<P> & NonReducibleUnknown & { readonly runId: string }>(
      ({ input: { runId, ...input }, signal }) =>
        runs.call(runId, port, input as unknown as InputOf<P>, { signal }),
    );
  const follow = (
    kind: 'submitted' | 'found' | 'accepted' | 'refused',
    runId: string,
    { sha256Hex }: Artifact,
    { submissionId }: { readonly submissionId: string },
  ) => signatures.follow(runId, { kind, by: 'notary', submissionId, sha256Hex });
  const { retryPause, pollPause, ticketPause } = notarizationLimits;
  return notarizationMachine.provide({
    delays: {
      ...notarizationLimits,
      retryPause: jittered(retryPause),
      pollPause: jittered(pollPause),
      ticketPause: jittered(ticketPause),
      verdictTimeout: config.notaryTimeoutMinutes * MINUTE_MS,
      ...limits.notarization,
    },
    actors: {
      findSubmission: fromPromise(async ({ input: { runId, ...input }, signal }) => {
        const known = await runs.call(runId, 'findSubmission', input, { signal });
        if (known) await follow('found', runId, input.artifact, known);
        return known;
      }),
      // between the look into the journal and the entry in it no other run may submit the digest
      submitArtifact: fromPromise(async ({ input: { runId, ...input }, signal }) => {
        const { sha256Hex } = input.artifact;
        const submitted = await submissions.alone(sha256Hex, () =>
          runs.call(runId, 'submitArtifact', input, { signal }),
        );
        await follow('submitted', runId, input.artifact, submitted);
        return submitted;
      }),
      // what this run announced, and whose answer was lost
      seekSubmission: fromPromise(async ({ input: { runId, ...input }, signal }) => {
        const found = await runs.call(runId, 'seekSubmission', input, { signal });
        if (found) await follow('submitted', runId, input.artifact, found);
        return found;
      }),
      recordSubmission: effect('recordSubmission'),
      forgetSubmission: effect('forgetSubmission'),
      uploadArtifact: fromPromise(({ input: { runId, reportTo, ...input }, signal }) => {
        const onReport = guardedReports((report: UploadNews) => reportTo.send(report), signal);
        return runs.call(runId, 'uploadArtifact', input, { signal, onReport });
      }),
      askVerdict: fromPromise(async ({ input: { runId, ...input }, signal }) => {
        const verdict = await runs.call(runId, 'askVerdict', input, { signal });
        const kind = verdict === 'accepted' ? 'accepted' : 'refused';
        if (verdict !== 'inProgress') await follow(kind, runId, input.artifact, input);
        return verdict;
      }),
      fetchLog: effect('fetchLog'),
      fetchTicket: effect('fetchTicket'),
      stapleTicket: effect('stapleTicket'),
    },
  });
}

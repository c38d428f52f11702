import { fromPromise } from 'xstate';
import type { Recipient } from '../../machines/contracts/actors.ts';
import type { StepReport } from '../../machines/contracts/job.ts';
import { notarizationLimits } from '../../machines/notarization/limits.ts';
import { signJobLimits, wholeJob } from '../../machines/sign-job/limits.ts';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import type { GuestStepInput, PurgeInput, StepInput } from '../../machines/sign-job/ports.ts';
import type { Services } from '../run/services.ts';
import { admitJob } from '../run/steps/admit-job.ts';
import { checkArtifact } from '../run/steps/check-artifact.ts';
import { checkCredentials } from '../run/steps/check-credentials.ts';
import { codesign } from '../run/steps/codesign.ts';
import { compileAssets } from '../run/steps/compile-assets.ts';
import { deliverArtifact } from '../run/steps/deliver-artifact.ts';
import { downloadBundle } from '../run/steps/download-bundle.ts';
import { drawIcons } from '../run/steps/draw-icons.ts';
import { findEarlierUpload } from '../run/steps/earlier-upload.ts';
import { embedProfile } from '../run/steps/embed-profile.ts';
import { inspectBundle } from '../run/steps/inspect-bundle.ts';
import { keepArtifact, recallArtifact } from '../run/steps/keep-artifact.ts';
import { layOutBundle } from '../run/steps/lay-out-bundle.ts';
import { learnToolchain } from '../run/steps/learn-toolchain.ts';
import { mergeInfoPlist } from '../run/steps/merge-info-plist.ts';
import { packageArtifact } from '../run/steps/package-artifact.ts';
import { type GuestStepScope, type StepScope, sessionOf } from '../run/steps/step.ts';
import { transferBundle } from '../run/steps/transfer-bundle.ts';
import { validateStaple } from '../run/steps/validate-staple.ts';
import { verifySignature } from '../run/steps/verify-signature.ts';
import { stateOfClaim } from './claims.ts';
import type { NameLocks } from './name-locks.ts';
import { provideNotarization } from './notarization.ts';
import { purgeRun } from './purge-run.ts';
import { reporterFor } from './step-report.ts';
import { provideStoreUpload } from './store-upload.ts';
import type { provideVmLifecycle } from './vm-lifecycle.ts';

const MINUTE_MS = 60_000;
/** A purge that comes too late for its run is done all the same. */
const NEVER_ABORTED = new AbortController().signal;

/** The two steps that know where a job came from. */
export interface JobEnds {
  /** Puts the unpacked bundle into the run's folder. */
  readonly downloadBundle: (scope: StepScope) => Promise<void>;
  /** Hands the finished artifact over. */
  readonly deliverArtifact: (scope: StepScope) => Promise<void>;
}

/**
 * The sign-job with every port filled in. A step that was aborted may still be writing when the run is purged, so
 * the purge waits for all steps of its run.
 */
export function provideSignJob(
  services: Services,
  vmLifecycle: ReturnType<typeof provideVmLifecycle>,
  locks: NameLocks,
  ends: JobEnds = { downloadBundle, deliverArtifact },
) {
  const known = <TOutput>(runId: string, work: Promise<TOutput>): Promise<TOutput> => {
    locks.hold(runId, work);
    return work;
  };
  const step = <TOutput>(run: (scope: StepScope) => Promise<TOutput>) =>
    fromPromise<TOutput, StepInput>(async ({ input, signal }) =>
      known(input.runId, run(scopeOf(services, input, signal))),
    );
  const guestStep = <TOutput>(run: (scope: GuestStepScope) => Promise<TOutput>) =>
    fromPromise<TOutput, GuestStepInput>(async ({ input, signal }) =>
      known(
        input.runId,
        run({
          ...scopeOf(services, input, signal),
          session: sessionOf(services, input.vmName),
          toolchain: input.toolchain,
        }),
      ),
    );
  return signJobMachine.provide({
    delays: delaysFor(services),
    actors: {
      vmLifecycle,
      notarization: provideNotarization(services, locks.hold),
      storeUpload: provideStoreUpload(services, locks.hold),
      admitJob: fromPromise(async ({ input, signal }: { input: StepInput; signal: AbortSignal }) => {
        const assignment = services.vault.assignment(input.assignmentId);
        await known(input.runId, services.workbench.open(input.runId, assignment?.jobId ?? ''));
        signal.throwIfAborted();
        return admitJob(scopeOf(services, input, signal));
      }),
      downloadBundle: fromPromise<void, GuestStepInput>(async ({ input, signal }) => {
        const guest = () => services.guests.get(input.vmName);
        return known(input.runId, ends.downloadBundle({ ...scopeOf(services, input, signal), guest }));
      }),
      inspectBundle: step(inspectBundle),
      checkCredentials: step(checkCredentials),
      recallArtifact: step(recallArtifact),
      drawIcons: step(drawIcons),
      mergeInfoPlist: step(mergeInfoPlist),
      learnToolchain: guestStep(learnToolchain),
      compileAssets: guestStep(compileAssets),
      layOutBundle: step(layOutBundle),
      embedProfile: step(embedProfile),
      transferBundle: guestStep(transferBundle),
      codesign: guestStep(codesign),
      verifySignature: guestStep(verifySignature),
      packageArtifact: guestStep(packageArtifact),
      checkArtifact: step(checkArtifact),
      keepArtifact: step(keepArtifact),
      validateStaple: guestStep(validateStaple),
      findEarlierUpload: step(findEarlierUpload),
      deliverArtifact: step(ends.deliverArtifact),
      probeClaim: fromPromise<'open' | 'closed', StepInput>(({ input, signal }) =>
        stateOfClaim(services, input.assignmentId, signal),
      ),
      purgeRun: fromPromise<void, PurgeInput>(({ input }) => purgeRun(services, locks, input, NEVER_ABORTED)),
    },
  });
}

/** The longest wait for a verdict is a setting, and what waits for the notarization waits for it too. */
function delaysFor({ config, limits: { signJob } }: Services) {
  const { notarizationTimeout } = signJobLimits;
  const verdictTimeout = config.notaryTimeoutMinutes * MINUTE_MS;
  const limits = {
    ...signJobLimits,
    jobTimeout: config.jobTimeoutMinutes * MINUTE_MS,
    notarizationTimeout: notarizationTimeout - notarizationLimits.verdictTimeout + verdictTimeout,
    ...signJob,
  };
  return { ...limits, jobTimeout: wholeJob(limits) };
}

function scopeOf(
  services: Services,
  input: StepInput & { reportTo: Recipient<StepReport> },
  signal: AbortSignal,
): StepScope {
  return {
    services,
    desk: services.workbench.get(input.runId),
    assignmentId: input.assignmentId,
    pass: input.pass,
    signal,
    report: reporterFor(input.reportTo, signal),
  };
}

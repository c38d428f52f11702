import { fromPromise } from 'xstate';
import type { AdmittedJob, RecalledArtifact } from '../../machines/contracts/job.ts';
import { notarizationLimits } from '../../machines/notarization/limits.ts';
import { signJobLimits, wholeJob } from '../../machines/sign-job/limits.ts';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import type { PurgeInput, StepInput } from '../../machines/sign-job/ports.ts';
import { vmLimits } from '../../machines/vm-lifecycle/limits.ts';
import { admitJob } from '../run/host/admit-job.ts';
import type { Services } from '../run/services.ts';
import { stateOfClaim } from './claims.ts';
import { provideNotarization } from './notarization.ts';
import { purgeRun } from './purge-run.ts';
import { recordSignatureIn } from './record-signature.ts';
import {
  callStep,
  deliverIn,
  downloadIn,
  enterGuestIn,
  guestStepIn,
  type LocalJob,
  learnToolchainIn,
  measureRunIn,
  openRunIn,
  stepCallOf,
  stepIn,
  watchRunIn,
} from './run-steps.ts';
import { provideStoreUpload } from './store-upload.ts';
import { provideTestflight } from './testflight.ts';
import type { provideVmLifecycle } from './vm-lifecycle.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** The sign-job with every port filled in: all but the first is done by the process of its run. */
export function provideSignJob(
  services: Services,
  vmLifecycle: ReturnType<typeof provideVmLifecycle>,
  local?: LocalJob,
) {
  const [step, guestStep] = [stepIn(services), guestStepIn(services)];
  return signJobMachine.provide({
    delays: delaysFor(services),
    actors: {
      vmLifecycle,
      notarization: provideNotarization(services),
      storeUpload: provideStoreUpload(services),
      testflight: provideTestflight(services),
      admitJob: fromPromise<AdmittedJob, StepInput>(async ({ input }) => {
        const assignment = services.vault.assignment(input.assignmentId);
        if (!assignment) throw new Error(`assignment ${input.assignmentId} is not in the vault`);
        return admitJob(services, assignment);
      }),
      openRun: openRunIn(services, local),
      watchRun: watchRunIn(services),
      measureRun: measureRunIn(services),
      downloadBundle: downloadIn(services),
      inspectBundle: step('inspectBundle'),
      checkCredentials: step('checkCredentials'),
      recallArtifact: fromPromise<RecalledArtifact | null, StepInput>(async ({ input, signal }) => {
        const { recalled, keptAs } = await callStep(services, 'recallArtifact', input, signal);
        services.runs.get(input.runId).keptAs = keptAs;
        return recalled;
      }),
      drawIcons: step('drawIcons'),
      mergeInfoPlist: step('mergeInfoPlist'),
      enterGuest: enterGuestIn(services),
      learnToolchain: learnToolchainIn(services),
      compileAssets: guestStep('compileAssets'),
      compileIcon: step('compileIcon'),
      layOutBundle: step('layOutBundle'),
      embedProfile: step('embedProfile'),
      transferBundle: guestStep('transferBundle'),
      codesign: guestStep('codesign'),
      takeSignatures: guestStep('takeSignatures'),
      verifySignature: guestStep('verifySignature'),
      packageArtifact: guestStep('packageArtifact'),
      recordSignature: recordSignatureIn(services, local),
      checkArtifact: step('checkArtifact'),
      keepArtifact: fromPromise<void, StepInput & Pick<RecalledArtifact, 'acceptedAs'>>(
        async ({ input, signal }) => {
          const call = { ...stepCallOf(services, input), acceptedAs: input.acceptedAs };
          const run = services.runs.get(input.runId);
          run.keptAs = (await services.runs.call(input.runId, 'keepArtifact', call, { signal })).keptAs;
        },
      ),
      restoreApp: step('restoreApp'),
      updateBundle: guestStep('updateBundle'),
      validateStaple: guestStep('validateStaple'),
      findEarlierUpload: step('findEarlierUpload'),
      deliverAhead: deliverIn(services, 'deliverAhead', local),
      releaseDelivery: step('releaseDelivery'),
      deliverArtifact: deliverIn(services, 'deliverArtifact', local),
      probeClaim: fromPromise<'open' | 'closed', StepInput>(({ input, signal }) =>
        stateOfClaim(services, input.assignmentId, signal),
      ),
      purgeRun: fromPromise<void, PurgeInput>(({ input }) => purgeRun(services, input)),
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
    machineTimeout: signJobLimits.machineTimeout + moreForMachine(config),
    notarizationTimeout: notarizationTimeout - notarizationLimits.verdictTimeout + verdictTimeout,
    ...signJob,
  };
  return { ...limits, jobTimeout: wholeJob(limits) };
}

type MachineSettings = Pick<
  Services['config'],
  'vmCloneTimeoutSeconds' | 'vmAddressTimeoutSeconds' | 'vmSshTimeoutSeconds'
>;

/** What the deadlines of the vm-lifecycle were set to beyond those of its chart. */
function moreForMachine(config: MachineSettings): number {
  const { cloneTimeout, locateTimeout, connectTimeout } = vmLimits;
  const seconds = config.vmCloneTimeoutSeconds + config.vmAddressTimeoutSeconds + config.vmSshTimeoutSeconds;
  return Math.max(0, seconds * SECOND_MS - cloneTimeout - locateTimeout - connectTimeout);
}

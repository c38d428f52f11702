import { and, assign, enqueueActions, not, or, sendTo, setup, stateIn } from 'xstate';
import type { Failure } from '../contracts/failure.ts';
import type {
  AdmittedJob,
  Artifact,
  CompiledAssets,
  DrawnIcons,
  JobOutput,
  RecalledArtifact,
  Stage,
  Toolchain,
} from '../contracts/job.ts';
import { type NotarizationOutput, notarizationMachine } from '../notarization/machine.ts';
import { type StoreUploadOutput, storeUploadMachine } from '../store-upload/machine.ts';
import { type TestflightOutput, testflightMachine } from '../testflight/machine.ts';
import { vmLifecycleMachine } from '../vm-lifecycle/machine.ts';
import {
  artifactOf,
  deliveredPass,
  newest,
  nextStaple,
  notarizedPass,
  passesOf,
  publishedPass,
  type SignJobContext,
  type SignJobEvent,
  type SignJobInput,
  staplesOf,
  unrecordedPass,
} from './context.ts';
import { jobCancelled, NOT_OURS } from './failures.ts';
import { ENTER_ATTEMPTS, isBrokenWay, signJobLimits, transferAttempts, wholeJob } from './limits.ts';
import { signJobPorts } from './ports.ts';
import { conclusionOf, distributedLine, noted, publishedNote, TOLD_REMARKS } from './reports.ts';

/** What the states of the sign-job are made of. */
export const signJobSetup = setup({
  types: {
    input: {} as SignJobInput,
    context: {} as SignJobContext,
    events: {} as SignJobEvent,
    output: {} as JobOutput,
    children: {} as {
      vm: 'vmLifecycle';
      notarization: 'notarization';
      storeUpload: 'storeUpload';
      testflight: 'testflight';
    },
  },
  actors: {
    ...signJobPorts,
    vmLifecycle: vmLifecycleMachine,
    notarization: notarizationMachine,
    storeUpload: storeUploadMachine,
    testflight: testflightMachine,
  },
  actions: {
    keepFailure: assign({
      failure: ({ context }, params: { failure: Failure }) => context.failure ?? params.failure,
    }),
    /** Whatever happened before, it is somebody else's business now. */
    dropClaim: assign({ failure: (_, params: { failure: Failure }) => params.failure }),
    reportAwaitingSlot: sendTo(
      ({ context }) => context.owner,
      ({ context }) => ({ type: 'job.awaitingSlot', runId: context.runId }),
    ),
    beginStage: enqueueActions(({ context, enqueue }, params: { name: Stage; message: string }) => {
      enqueue.assign({ stage: { ...params, percent: 0 } });
      enqueue.sendTo(
        context.owner,
        noted(context, { kind: 'stage', stage: params.name, message: params.message }),
      );
    }),
    finishStage: enqueueActions(({ context, enqueue }) => {
      if (!context.stage) return;
      enqueue.assign({ stage: { ...context.stage, percent: 100 } });
      enqueue.sendTo(
        context.owner,
        noted(context, { kind: 'progress', stage: context.stage.name, percent: 100 }),
      );
    }),
    passProgress: enqueueActions(({ context, enqueue }, params: { percent: number }) => {
      const isProgress = params.percent > (context.stage?.percent ?? 100) && params.percent < 100;
      if (!context.stage || !isProgress) return;
      enqueue.assign({ stage: { ...context.stage, percent: params.percent } });
      enqueue.sendTo(
        context.owner,
        noted(context, { kind: 'progress', stage: context.stage.name, percent: params.percent }),
      );
    }),
    passLog: sendTo(
      ({ context }) => context.owner,
      ({ context }, params: { line: string }) =>
        noted(context, { kind: 'log', stage: context.stage?.name ?? 'extracting', line: params.line }),
    ),
    tellRemarks: enqueueActions(
      ({ context, enqueue }, params: { output: { readonly remarks: readonly string[] } }) => {
        for (const line of params.output.remarks.slice(0, TOLD_REMARKS))
          enqueue.sendTo(context.owner, noted(context, { kind: 'log', stage: 'publishing', line }));
      },
    ),
    tellPublished: sendTo(
      ({ context }) => context.owner,
      ({ context }, params: { output: StoreUploadOutput }) =>
        noted(context, publishedNote(context, params.output)),
    ),
    tellDistributed: sendTo(
      ({ context }) => context.owner,
      ({ context }) => noted(context, { kind: 'log', stage: 'publishing', line: distributedLine(context) }),
    ),
    /** Its plan may depend on what is in the credentials, which only the process of the run reads. */
    keepJob: assign({ job: (_, params: { output: AdmittedJob }) => params.output }),
    keepCatalog: assign({ hasCatalog: (_, params: { output: DrawnIcons }) => params.output.hasCatalog }),
    keepToolchain: assign({ toolchain: (_, params: { output: Toolchain }) => params.output }),
    beginNextPass: assign({ pass: ({ context }) => context.pass + 1 }),
    keepRecalled: assign({
      artifacts: (_, params: { output: RecalledArtifact | null }) =>
        params.output ? [params.output.artifact] : [],
      acceptedAs: (_, params: { output: RecalledArtifact | null }) => params.output?.acceptedAs ?? [],
      recalledFor: (_, params: { output: RecalledArtifact | null }) =>
        params.output?.acceptedAs.length ?? null,
    }),
    keepArtifact: assign({
      artifacts: ({ context }, params: { output: Artifact }) => [...context.artifacts, params.output],
    }),
    replaceArtifact: assign({
      artifacts: ({ context }, params: { output: Artifact }) =>
        context.artifacts.with(notarizedPass(context), params.output),
    }),
    keepRecorded: assign({
      recorded: ({ context }, params: { output: Artifact }) => [...context.recorded, params.output.sha256Hex],
    }),
    keepDelivered: assign({ delivered: ({ context }) => artifactOf(context, deliveredPass(context)) }),
    keepAccepted: assign({
      artifacts: ({ context }, params: { output: NotarizationOutput }) =>
        context.artifacts.with(notarizedPass(context), params.output.artifact),
      acceptedAs: ({ context }, params: { output: NotarizationOutput }) => [
        ...context.acceptedAs,
        params.output.submissionId ?? '',
      ],
      judgedAs: null,
    }),
    keepJudged: assign({ judgedAs: (_, params: { submissionId: string }) => params.submissionId }),
    keepPublished: assign({
      publishedAs: (_, params: { output: StoreUploadOutput }) => params.output.uploadId ?? '',
    }),
    keepDistributed: assign({
      distributedAs: (_, params: { output: TestflightOutput }) => params.output.buildId ?? '',
    }),
    repeatStage: enqueueActions(({ context, enqueue }) => {
      if (!context.stage) return;
      const { name, message } = context.stage;
      enqueue.sendTo(context.owner, noted(context, { kind: 'stage', stage: name, message }));
    }),
    conclude: sendTo(
      ({ context }) => context.owner,
      ({ context }) => ({
        type: 'job.concluded',
        runId: context.runId,
        jobId: context.jobId,
        assignmentId: newest(context),
        conclusion: conclusionOf(context),
      }),
    ),
    tellDropped: sendTo(
      ({ context }) => context.owner,
      ({ context }) => ({ type: 'job.dropped', runId: context.runId, jobId: context.jobId }),
    ),
    tellClaimConfirmed: sendTo(
      ({ context }) => context.owner,
      ({ context }) => ({ type: 'job.claimConfirmed', runId: context.runId, jobId: context.jobId }),
    ),
    tellAwaitingReassignment: sendTo(
      ({ context }) => context.owner,
      ({ context }) => ({ type: 'job.awaitingReassignment', runId: context.runId }),
    ),
    /** The hub took the token of the one before back with that. */
    adopt: assign({
      assignmentIds: ({ context }, params: { assignmentId: string }) => [context.runId, params.assignmentId],
    }),
    resetAttempts: assign({ attempts: 0 }),
    noteRebuff: assign((_, { failure }: { failure: Failure }) => ({ rebuff: failure })),
    forgetRebuff: assign({ rebuff: null }),
    countAttempt: assign({
      attempts: ({ context }) => context.attempts + 1,
      attemptedWith: ({ context }) => newest(context),
    }),
    /** It stood by before it was lost: the next one has to be made. */
    dropStandby: assign({ vm: ({ context: { vm } }) => ({ name: vm.name, image: vm.image }) }),
    releaseMachine: sendTo('vm', { type: 'vm.releaseRequested' }),
    noteLeak: assign({ leakedVm: (_, params: { name: string | null }) => params.name }),
  },
  guards: {
    isNotOurs: (_, params: { failure: Failure }) => params.failure.code === NOT_OURS,
    hasNewerToken: ({ context }) => context.attemptedWith !== newest(context),
    mayTryAgain: ({ context }, params: { failure: Failure }) =>
      params.failure.retryable && context.attempts < transferAttempts(params.failure.code),
    mayEnterAgain: ({ context }, params: { failure: Failure }) =>
      isBrokenWay(params.failure.code) && context.attempts < ENTER_ATTEMPTS,
    isResumable: ({ context }) => isResumable(context),
    /** It can be taken up after a restart, and was not taken up from before one. */
    mustBeKept: ({ context }) => isResumable(context) && context.recalledFor !== context.acceptedAs.length,
    isRecalled: (_, params: { output: RecalledArtifact | null }) => params.output !== null,
    isCompiled: (_, params: { output: CompiledAssets }) => params.output.isCompiled,
    toolchainIsUnknown: ({ context }) => context.toolchain === null,
    toolchainIsXcode: ({ context }) => context.toolchain === 'xcode',
    hasCatalog: ({ context }) => context.hasCatalog,
    hasSeveralPasses: ({ context }) => passesOf(context).length > 1,
    hasNextPass: ({ context }) => context.pass + 1 < passesOf(context).length,
    embedsProfile: ({ context }) => passesOf(context)[context.pass]?.embedsProfile === true,
    /** What is about to leave is another file than the one that was entered in the account of signatures. */
    mustRecord: ({ context }) => unrecordedPass(context) >= 0,
    mustNotarize: ({ context }) => nextStaple(context) !== undefined,
    /** Its ticket goes into the app, and what signing has left on this host is another one. */
    appIsElsewhere: ({ context }) =>
      nextStaple(context) === 'app' &&
      (context.recalledFor === context.acceptedAs.length || passesOf(context).length > 1),
    /** Apple has accepted something, and that was for the ticket of the app. */
    appWasStapled: ({ context }) => staplesOf(context)[context.acceptedAs.length - 1] === 'app',
    mustPublish: ({ context }) => publishedPass(context) >= 0 && context.publishedAs === null,
    mustDistribute: ({ context }) =>
      context.job?.afterUpload != null && context.publishedAs !== null && context.distributedAs === null,
    /** What is delivered is not what the store gets, and could be lost with that. */
    isUnsecured: ({ context }) =>
      context.delivered === null && deliveredPass(context) !== publishedPass(context),
    /** The artifact of the pass at work goes to the hub as it is, as soon as it has been checked. */
    isDeliveredNext: and([
      not('hasNextPass'),
      not('mustNotarize'),
      not('mustPublish'),
      ({ context }) => context.pass === deliveredPass(context),
    ]),
    isOnItsWay: stateIn('#signJob.engaged.work.running.checkingWhileSending.upload.attempting'),
    artifactIsGood: stateIn('#signJob.engaged.work.running.checkingWhileSending.check.passed'),
    isTicketRefused: (_, params: { failure: Failure }) => params.failure.code === 'STAPLE_FAILED',
    isAccepted: (_, params: { output: NotarizationOutput }) => params.output.outcome === 'succeeded',
    isPublished: (_, params: { output: StoreUploadOutput }) => params.output.outcome === 'published',
    isDistributed: (_, params: { output: TestflightOutput }) => params.output.outcome === 'ready',
    processIsReady: stateIn('#signJob.engaged.process.alive'),
    awaitsMachine: stateIn('#signJob.engaged.work.running.awaitingMachine'),
    machineIsReady: stateIn('#signJob.engaged.machine.owned.ready'),
    machineHasLeaked: ({ context }) => context.leakedVm !== null,
    machineIsGone: stateIn('#signJob.engaged.machine.none'),
    processIsGone: stateIn('#signJob.engaged.process.gone'),
    claimIsValid: stateIn('#signJob.engaged.claim.valid'),
    claimIsAskedFor: stateIn('#signJob.engaged.claim.asking'),
    claimIsLost: or([
      stateIn('#signJob.engaged.claim.awaitingReassignment'),
      stateIn('#signJob.engaged.claim.expired'),
    ]),
    isOpen: (_, params: { state: 'open' | 'closed' }) => params.state === 'open',
    isRunning: stateIn('#signJob.engaged.work.running'),
    hasSucceeded: ({ context }) => context.failure === null,
    wasCancelled: ({ context }) => context.failure?.code === jobCancelled.code,
    wasDropped: ({ context }) => context.failure?.code === NOT_OURS,
  },
  delays: { ...signJobLimits, jobTimeout: wholeJob(signJobLimits) },
});

/** With two passes the second one needs what the first one did on its way. */
function isResumable(context: SignJobContext): boolean {
  return passesOf(context).length === 1 && notarizedPass(context) >= 0;
}

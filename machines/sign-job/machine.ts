import {
  and,
  assign,
  type ErrorActorEvent,
  enqueueActions,
  not,
  or,
  raise,
  sendTo,
  setup,
  stateIn,
} from 'xstate';
import type { Recipient } from '../contracts/actors.ts';
import { type Failure, toFailure } from '../contracts/failure.ts';
import type {
  AdmittedJob,
  AdmittedPass,
  Artifact,
  BundleSummary,
  Conclusion,
  DrawnIcons,
  JobNote,
  JobOutput,
  JobReport,
  Stage,
  StepReport,
  Toolchain,
} from '../contracts/job.ts';
import type { VmClone, VmReport } from '../contracts/vm.ts';
import { type NotarizationOutput, notarizationMachine } from '../notarization/machine.ts';
import { type StoreUploadOutput, storeUploadMachine } from '../store-upload/machine.ts';
import { vmLifecycleMachine } from '../vm-lifecycle/machine.ts';
import {
  afterDelivery,
  claimExpired,
  handedOn,
  jobCancelled,
  jobTimedOut,
  NOT_OURS,
  queueTimedOut,
  stepTimedOut,
  uploadStalled,
  uploadUnanswered,
  workerStopping,
} from './failures.ts';
import { signJobLimits, transferAttempts, wholeJob } from './limits.ts';
import { type GuestStepInput, type StepInput, signJobPorts } from './ports.ts';

/**
 * One assignment from the hub, from its arrival to its one answer and to the last file it left.
 *
 * Four things live side by side: the **work** itself, the **machine** it runs in, the **claim** (whether the hub
 * still counts the job as ours) and the **pulse** that repeats the stage in long waits.
 *
 * The plan has one pass or two; each signs a fresh copy of the bundle, packs and checks it. Only when all of that has
 * been done does anything go to Apple, so that what can fail here has not cost a submission or a build number. Of two
 * passes the first one's disk image is delivered as soon as it is notarized, so that a refusal of the store does not
 * lose it, and once more at the end: the hub's link to it is good for ten minutes, App Store Connect may think for
 * longer, and the last artifact that was uploaded is the one that counts.
 *
 * Promises: exactly one `job.concluded`, unless the hub gave the job to somebody else (`dropped`); every way out
 * releases the machine and purges the run's files and secrets; no step waits without a deadline.
 */
export interface SignJobInput {
  readonly runId: string;
  readonly jobId: string;
  readonly vm: VmClone;
  readonly owner: Recipient<JobReport>;
}

interface SignJobContext extends SignJobInput {
  /** Vault keys, the newest last: the first is the run's own, later ones were adopted. */
  readonly assignmentIds: readonly string[];
  readonly job: AdmittedJob | null;
  readonly bundle: BundleSummary | null;
  /** Null until it is known what the machine can do. */
  readonly toolchain: Toolchain | null;
  /** There is an icon that actool could compile. */
  readonly hasCatalog: boolean;
  /** Which one is at work, counted from 0. */
  readonly pass: number;
  /** Of each pass, as it is now: a stapled ticket makes another file of it. */
  readonly artifacts: readonly Artifact[];
  /** What the hub has. */
  readonly delivered: Artifact | null;
  /** Apple's id of the submission that it accepted. */
  readonly acceptedAs: string | null;
  /** Apple's id of the upload of the build that it took. */
  readonly publishedAs: string | null;
  readonly uploadId: string | null;
  readonly stage: { readonly name: Stage; readonly message: string; readonly percent: number } | null;
  readonly attempts: number;
  /** The assignment whose token the current attempt uses. */
  readonly attemptedWith: string | null;
  readonly failure: Failure | null;
  readonly leakedVm: string | null;
}

type SignJobEvent =
  /** With a standby machine, if there was one; a job makes its own otherwise. */
  | { type: 'slot.granted'; vm?: VmClone }
  | { type: 'job.cancelRequested'; why: 'user' | 'shutdown' }
  | { type: 'job.adopted'; assignmentId: string }
  | { type: 'job.linkLost' }
  | { type: 'job.linkRestored' }
  /** Somebody else needs the slot: no more waiting for a job that the hub took back. */
  | { type: 'job.giveWayRequested' }
  | { type: 'claim.expired' }
  | { type: 'machine.wanted' }
  | { type: 'machine.unwanted' }
  | VmReport
  | StepReport;

const newest = (context: SignJobContext): string => context.assignmentIds.at(-1) ?? context.runId;
type Scope = { context: SignJobContext; self: Recipient<StepReport> };
const stepAbout =
  (passOf: (context: SignJobContext) => number) =>
  ({ context, self }: Scope): StepInput => ({
    runId: context.runId,
    assignmentId: newest(context),
    pass: passOf(context),
    reportTo: self,
  });
const inGuest =
  (input: (scope: Scope) => StepInput) =>
  (scope: Scope): GuestStepInput => ({
    ...input(scope),
    vmName: scope.context.vm.name,
    toolchain: scope.context.toolchain,
  });
/** The pass whose artifact that happens to; -1 when there is none. */
const passThat =
  (does: 'notarizes' | 'publishes' | 'delivers') =>
  ({ job }: Pick<SignJobContext, 'job'>): number =>
    job?.passes.findIndex((pass) => pass[does]) ?? -1;
const [notarized, published, delivered] = [
  passThat('notarizes'),
  passThat('publishes'),
  passThat('delivers'),
] as const;
/** Of the pass at work. */
const step = stepAbout(({ pass }) => pass);
const guestStep = inGuest(step);
const errorOf = ({ event }: { event: ErrorActorEvent }) => ({ failure: toFailure(event.error) });

/** Where every fault, deadline and cancellation goes. */
const FAULT = '#signJob.engaged.work.reporting';
const DROP = '#signJob.engaged.work.dropping';
const keep = (failure: Failure) => ({ type: 'keepFailure' as const, params: { failure } });
const disown = (failure: Failure) => ({ type: 'disown' as const, params: { failure } });
const late = (doing: string) => ({ target: FAULT, actions: keep(stepTimedOut(doing)) }) as const;
const faulted = { target: FAULT, actions: { type: 'keepFailure', params: errorOf } } as const;
/** An upload that stands still is given up and made anew, as often as any other. */
const sayAgain = (failure: Failure) =>
  [
    {
      guard: { type: 'mayTryAgain', params: { failure } },
      target: '#signJob.engaged.work.running.delivering.pausing',
      actions: {
        type: 'passLog',
        params: { line: `${failure.summary} ${failure.reason} It is tried again.` },
      },
    },
    { target: FAULT, actions: keep(failure) },
  ] as const;
const begin = (name: Stage, message: string) => ({ type: 'beginStage' as const, params: { name, message } });
/** All that is left to do is done by this host: a machine that is lost now is no matter. */
const MACHINE_NOT_NEEDED = { 'vm.lost': {} } as const;
const beginSigning = {
  type: 'beginStage',
  params: ({ context }: { context: SignJobContext }) => ({
    name: 'signing' as const,
    message: `Signing precompiled bundle${context.pass > 0 ? ' for the store' : ''}`,
  }),
} as const;

export const signJobMachine = setup({
  types: {
    input: {} as SignJobInput,
    context: {} as SignJobContext,
    events: {} as SignJobEvent,
    output: {} as JobOutput,
    children: {} as { vm: 'vmLifecycle'; notarization: 'notarization'; storeUpload: 'storeUpload' },
  },
  actors: {
    ...signJobPorts,
    vmLifecycle: vmLifecycleMachine,
    notarization: notarizationMachine,
    storeUpload: storeUploadMachine,
  },
  actions: {
    keepFailure: assign({
      failure: ({ context }, params: { failure: Failure }) => context.failure ?? params.failure,
    }),
    /** Whatever happened before, it is somebody else's business now. */
    disown: assign({ failure: (_, params: { failure: Failure }) => params.failure }),
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
    tellRemarks: enqueueActions(({ context, enqueue }, params: { output: StoreUploadOutput }) => {
      for (const line of params.output.remarks.slice(0, TOLD_REMARKS))
        enqueue.sendTo(context.owner, noted(context, { kind: 'log', stage: 'publishing', line }));
    }),
    tellPublished: sendTo(
      ({ context }) => context.owner,
      ({ context }, params: { output: StoreUploadOutput }) =>
        noted(context, publishedNote(context, params.output)),
    ),
    keepCatalog: assign({ hasCatalog: (_, params: { output: DrawnIcons }) => params.output.hasCatalog }),
    keepToolchain: assign({ toolchain: (_, params: { output: Toolchain }) => params.output }),
    beginNextPass: assign({ pass: ({ context }) => context.pass + 1 }),
    keepRecalled: assign({
      artifacts: (_, params: { output: Artifact | null }) => (params.output ? [params.output] : []),
    }),
    keepArtifact: assign({
      artifacts: ({ context }, params: { output: Artifact }) => [...context.artifacts, params.output],
    }),
    keepDelivered: assign({ delivered: ({ context }) => artifactOf(context, delivered(context)) }),
    keepAccepted: assign({
      artifacts: ({ context }, params: { output: NotarizationOutput }) =>
        context.artifacts.with(notarized(context), params.output.artifact),
      acceptedAs: (_, params: { output: NotarizationOutput }) => params.output.submissionId ?? '',
    }),
    keepPublished: assign({
      publishedAs: (_, params: { output: StoreUploadOutput }) => params.output.uploadId ?? '',
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
    adopt: assign({
      assignmentIds: ({ context }, params: { assignmentId: string }) => [
        ...context.assignmentIds,
        params.assignmentId,
      ],
    }),
    resetAttempts: assign({ attempts: 0 }),
    countAttempt: assign({
      attempts: ({ context }) => context.attempts + 1,
      attemptedWith: ({ context }) => newest(context),
    }),
    releaseMachine: sendTo('vm', { type: 'vm.releaseRequested' }),
    noteLeak: assign({ leakedVm: (_, params: { name: string | null }) => params.name }),
  },
  guards: {
    isNotOurs: (_, params: { failure: Failure }) => params.failure.code === NOT_OURS,
    hasNewerToken: ({ context }) => context.attemptedWith !== newest(context),
    mayTryAgain: ({ context }, params: { failure: Failure }) =>
      params.failure.retryable && context.attempts < transferAttempts(params.failure.code),
    /** With two passes the second one needs what the first one did on its way. */
    isResumable: ({ context }) => passesOf(context).length === 1 && notarized(context) >= 0,
    isRecalled: (_, params: { output: Artifact | null }) => params.output !== null,
    toolchainIsUnknown: ({ context }) => context.toolchain === null,
    toolchainIsXcode: ({ context }) => context.toolchain === 'xcode',
    hasCatalog: ({ context }) => context.hasCatalog,
    hasSeveralPasses: ({ context }) => passesOf(context).length > 1,
    hasNextPass: ({ context }) => context.pass + 1 < passesOf(context).length,
    embedsProfile: ({ context }) => passesOf(context)[context.pass]?.embedsProfile === true,
    mustNotarize: ({ context }) => notarized(context) >= 0 && context.acceptedAs === null,
    mustPublish: ({ context }) => published(context) >= 0 && context.publishedAs === null,
    /** What is delivered is not what the store gets, and could be lost with that. */
    isUnsecured: ({ context }) => context.delivered === null && delivered(context) !== published(context),
    isTicketRefused: (_, params: { failure: Failure }) => params.failure.code === 'STAPLE_FAILED',
    isAccepted: (_, params: { output: NotarizationOutput }) => params.output.outcome === 'succeeded',
    isPublished: (_, params: { output: StoreUploadOutput }) => params.output.outcome === 'published',
    machineIsReady: stateIn('#signJob.engaged.machine.owned.ready'),
    machineIsGone: stateIn('#signJob.engaged.machine.none'),
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
}).createMachine({
  id: 'signJob',
  description: 'One assignment: prepare, sign in a machine of its own, package, deliver, clean up.',
  context: ({ input }) => ({
    ...input,
    assignmentIds: [input.runId],
    job: null,
    bundle: null,
    toolchain: null,
    hasCatalog: false,
    pass: 0,
    artifacts: [],
    delivered: null,
    acceptedAs: null,
    publishedAs: null,
    uploadId: null,
    stage: null,
    attempts: 0,
    attemptedWith: null,
    failure: null,
    leakedVm: null,
  }),
  output: ({ context, event }) => ({
    runId: context.runId,
    jobId: context.jobId,
    outcome: (event as unknown as { output: JobOutput['outcome'] }).output,
    failure: context.failure,
    vmName: context.vm.name,
    leakedVm: context.leakedVm,
  }),
  initial: 'engaged',
  states: {
    engaged: {
      description: 'The run exists: work, machine, claim and pulse live side by side.',
      type: 'parallel',
      states: {
        work: {
          description: 'The way of the bundle.',
          initial: 'admitting',
          on: { 'job.adopted': { actions: { type: 'adopt', params: ({ event }) => event } } },
          states: {
            admitting: {
              description: 'Manifest and credentials are parsed and the plan is made.',
              invoke: {
                id: 'admitJob',
                src: 'admitJob',
                input: step,
                onDone: {
                  target: 'waitingForSlot',
                  actions: assign({
                    job: ({ event }) => event.output,
                    toolchain: ({ event }) => event.output.toolchain,
                  }),
                },
                onError: faulted,
              },
              on: {
                'job.cancelRequested': {
                  target: 'reporting',
                  actions: { type: 'keepFailure', params: cancelOf },
                },
                'claim.expired': { target: 'dropping', actions: disown(claimExpired) },
              },
              after: { admitTimeout: late('reading the job') },
            },
            waitingForSlot: {
              description:
                'The job is sound; it waits for its turn, because the hub may hand out more than fits.',
              entry: 'reportAwaitingSlot',
              on: {
                'slot.granted': {
                  target: 'running',
                  actions: assign({ vm: ({ context, event }) => event.vm ?? context.vm }),
                },
                'job.cancelRequested': {
                  target: 'reporting',
                  actions: { type: 'keepFailure', params: cancelOf },
                },
                'claim.expired': { target: 'dropping', actions: disown(claimExpired) },
              },
              after: { queueTimeout: { target: 'reporting', actions: keep(queueTimedOut) } },
            },

            running: {
              description: 'The job has a slot: the bundle is prepared while the machine boots.',
              entry: raise({ type: 'machine.wanted' }),
              on: {
                'job.cancelRequested': {
                  target: 'reporting',
                  actions: { type: 'keepFailure', params: cancelOf },
                },
                'claim.expired': { target: 'dropping', actions: disown(claimExpired) },
                'vm.lost': {
                  target: 'reporting',
                  actions: { type: 'keepFailure', params: ({ event }) => event },
                },
                'step.progressed': { actions: { type: 'passProgress', params: ({ event }) => event } },
                'step.logged': { actions: { type: 'passLog', params: ({ event }) => event } },
              },
              after: { jobTimeout: { target: 'reporting', actions: keep(jobTimedOut) } },
              initial: 'downloading',
              states: {
                downloading: {
                  description: 'Download, base64 and unpacking are one stream into the run directory.',
                  entry: ['resetAttempts', begin('extracting', 'Extracting precompiled bundle')],
                  after: { downloadTimeout: late('downloading the bundle') },
                  initial: 'attempting',
                  states: {
                    attempting: {
                      description: 'One attempt, into an empty directory.',
                      entry: 'countAttempt',
                      invoke: {
                        id: 'downloadBundle',
                        src: 'downloadBundle',
                        input: step,
                        onDone: '#signJob.engaged.work.running.inspecting',
                        onError: [
                          { guard: { type: 'isNotOurs', params: errorOf }, target: 'doubting' },
                          { guard: { type: 'mayTryAgain', params: errorOf }, target: 'pausing' },
                          faulted,
                        ],
                      },
                    },
                    pausing: { description: 'The hub gets a breath.', after: { retryPause: 'attempting' } },
                    doubting: {
                      description:
                        'The hub refuses the token: a newer one, a job on its way back to us, or not ours.',
                      always: [
                        { guard: 'hasNewerToken', target: 'attempting' },
                        { guard: not('claimIsValid'), target: 'awaitingClaim' },
                        { target: DROP, actions: disown(handedOn) },
                      ],
                    },
                    awaitingClaim: {
                      description: 'The token died with the link; the hub may hand the job to us again.',
                      always: { guard: 'claimIsValid', target: 'attempting' },
                    },
                  },
                },
                inspecting: {
                  description:
                    'The bundle is found, its Info.plist and every Mach-O are read, modes are mended.',
                  invoke: {
                    id: 'inspectBundle',
                    src: 'inspectBundle',
                    input: step,
                    onDone: {
                      target: 'checkingCredentials',
                      actions: assign({ bundle: ({ event }) => event.output }),
                    },
                    onError: faulted,
                  },
                  after: { inspectTimeout: late('inspecting the bundle') },
                },
                checkingCredentials: {
                  description: 'Identity, provisioning profile and entitlements are held against the bundle.',
                  invoke: {
                    id: 'checkCredentials',
                    src: 'checkCredentials',
                    input: step,
                    onDone: [
                      { guard: 'isResumable', target: 'recallingArtifact', actions: 'finishStage' },
                      { target: 'drawingIcons', actions: 'finishStage' },
                    ],
                    onError: faulted,
                  },
                  after: { credentialsTimeout: late('checking the credentials') },
                },
                recallingArtifact: {
                  description:
                    'Did an earlier life sign this job and begin its notarization? Then it goes on with that file.',
                  invoke: {
                    id: 'recallArtifact',
                    src: 'recallArtifact',
                    input: step,
                    onDone: [
                      {
                        guard: { type: 'isRecalled', params: ({ event }) => event },
                        target: 'checkingArtifact',
                        actions: { type: 'keepRecalled', params: ({ event }) => event },
                      },
                      { target: 'drawingIcons' },
                    ],
                    onError: 'drawingIcons',
                  },
                  after: { recallTimeout: 'drawingIcons' },
                },
                drawingIcons: {
                  description: 'The app icon is drawn in every size that the platform wants.',
                  entry: begin('generating_assets', 'Generating icons and Info.plist'),
                  invoke: {
                    id: 'drawIcons',
                    src: 'drawIcons',
                    input: step,
                    onDone: {
                      target: 'mergingInfoPlist',
                      actions: { type: 'keepCatalog', params: ({ event }) => event },
                    },
                    onError: faulted,
                  },
                  after: { iconsTimeout: late('drawing the icons') },
                },
                mergingInfoPlist: {
                  description: 'What the platform wants and the compiler left out is added to Info.plist.',
                  invoke: {
                    id: 'mergeInfoPlist',
                    src: 'mergeInfoPlist',
                    input: step,
                    onDone: 'awaitingMachine',
                    onError: faulted,
                  },
                  after: { mergeTimeout: late('merging Info.plist') },
                },
                awaitingMachine: {
                  description: 'Nothing more can be done without the machine, which may still be booting.',
                  always: [
                    { guard: and(['machineIsReady', 'toolchainIsUnknown']), target: 'learningToolchain' },
                    { guard: 'machineIsReady', target: 'equipped' },
                  ],
                  after: { machineTimeout: late('starting the virtual machine') },
                },
                learningToolchain: {
                  description: "The guest is asked whether it has Apple's tools; some plans need them.",
                  invoke: {
                    id: 'learnToolchain',
                    src: 'learnToolchain',
                    input: guestStep,
                    onDone: {
                      target: 'equipped',
                      actions: { type: 'keepToolchain', params: ({ event }) => event },
                    },
                    onError: faulted,
                  },
                  after: { toolchainTimeout: late('asking the virtual machine for its tools') },
                },
                equipped: {
                  description: 'The machine is ready, and what it can do is known.',
                  always: [
                    { guard: and(['hasCatalog', 'toolchainIsXcode']), target: 'compilingAssets' },
                    { target: 'beginningPass', actions: 'finishStage' },
                  ],
                },
                compilingAssets: {
                  description:
                    'actool compiles the icon in the guest; the catalog and what is said about it go into the bundle.',
                  invoke: {
                    id: 'compileAssets',
                    src: 'compileAssets',
                    input: guestStep,
                    onDone: { target: 'beginningPass', actions: 'finishStage' },
                    onError: faulted,
                  },
                  after: { assetsTimeout: late('compiling the asset catalog') },
                },
                beginningPass: {
                  description: 'One signature over the whole app begins; with two passes, on a fresh copy.',
                  entry: beginSigning,
                  always: [
                    { guard: 'hasSeveralPasses', target: 'layingOutBundle' },
                    { guard: 'embedsProfile', target: 'embeddingProfile' },
                    { target: 'transferring' },
                  ],
                },
                layingOutBundle: {
                  description:
                    'The bundle as it is before its first signature is kept for the second pass, which takes it back.',
                  invoke: {
                    id: 'layOutBundle',
                    src: 'layOutBundle',
                    input: step,
                    onDone: [
                      { guard: 'embedsProfile', target: 'embeddingProfile' },
                      { target: 'transferring' },
                    ],
                    onError: faulted,
                  },
                  after: { layOutTimeout: late('copying the bundle') },
                },
                embeddingProfile: {
                  description:
                    'The provisioning profile is written into the bundle: its last change before signing.',
                  invoke: {
                    id: 'embedProfile',
                    src: 'embedProfile',
                    input: step,
                    onDone: 'transferring',
                    onError: faulted,
                  },
                  after: { embedTimeout: late('embedding the provisioning profile') },
                },
                transferring: {
                  description: 'The bundle goes into the guest as one tar stream.',
                  invoke: {
                    id: 'transferBundle',
                    src: 'transferBundle',
                    input: guestStep,
                    onDone: 'codesigning',
                    onError: faulted,
                  },
                  after: { transferTimeout: late('copying the bundle into the virtual machine') },
                },
                codesigning: {
                  description: 'rcodesign signs the bundle and all code in it, inside the guest.',
                  invoke: {
                    id: 'codesign',
                    src: 'codesign',
                    input: guestStep,
                    onDone: 'verifyingSignature',
                    onError: faulted,
                  },
                  after: { codesignTimeout: late('signing') },
                },
                verifyingSignature: {
                  description:
                    'The guest verifies every signed Mach-O; the changes travel back and every seal is checked.',
                  invoke: {
                    id: 'verifySignature',
                    src: 'verifySignature',
                    input: guestStep,
                    onDone: { target: 'packaging', actions: 'finishStage' },
                    onError: faulted,
                  },
                  after: { verifyTimeout: late('verifying the signature') },
                },
                packaging: {
                  description: 'The signed bundle becomes an .ipa, or a .dmg or .pkg that is signed as well.',
                  entry: begin('packaging', 'Packaging signed bundle'),
                  invoke: {
                    id: 'packageArtifact',
                    src: 'packageArtifact',
                    input: guestStep,
                    onDone: {
                      target: 'checkingArtifact',
                      actions: { type: 'keepArtifact', params: ({ event }) => event },
                    },
                    onError: faulted,
                  },
                  after: { packageTimeout: late('packaging') },
                },
                checkingArtifact: {
                  description: 'The artifact is read back as a stranger would read it.',
                  invoke: {
                    id: 'checkArtifact',
                    src: 'checkArtifact',
                    input: step,
                    onDone: [
                      {
                        guard: 'hasNextPass',
                        target: 'beginningPass',
                        actions: ['finishStage', 'beginNextPass'],
                      },
                      { target: 'awaitingClaim', actions: 'finishStage' },
                    ],
                    onError: faulted,
                  },
                  after: { checkTimeout: late('checking the artifact') },
                },
                awaitingClaim: {
                  description:
                    'What cannot be undone is not begun for a job that the hub may have given to somebody else.',
                  on: MACHINE_NOT_NEEDED,
                  always: [
                    {
                      guard: and(['claimIsValid', 'mustNotarize', 'isResumable']),
                      target: 'keepingArtifact',
                    },
                    { guard: and(['claimIsValid', 'mustNotarize']), target: 'notarizing' },
                    { guard: and(['claimIsValid', 'mustPublish', 'isUnsecured']), target: 'delivering' },
                    { guard: and(['claimIsValid', 'mustPublish']), target: 'publishing' },
                    { guard: 'claimIsValid', target: 'delivering' },
                  ],
                },
                keepingArtifact: {
                  description:
                    'What Apple is about to get is kept: a next life of the worker goes on with this very file.',
                  invoke: {
                    id: 'keepArtifact',
                    src: 'keepArtifact',
                    input: step,
                    onDone: 'notarizing',
                    // a restart would cost a second submission, and nothing else
                    onError: 'notarizing',
                  },
                  on: MACHINE_NOT_NEEDED,
                  after: { recallTimeout: 'notarizing' },
                },
                notarizing: {
                  description:
                    'Apple judges the disk image, and its ticket is stapled; the machine is not needed any more.',
                  entry: begin('notarizing', 'Notarizing disk image'),
                  invoke: {
                    id: 'notarization',
                    src: 'notarization',
                    input: ({ context, self }) => ({
                      runId: context.runId,
                      artifact: artifactOf(context, notarized(context)),
                      staples: passesOf(context)[notarized(context)]?.staples ?? [],
                      owner: self,
                    }),
                    onDone: [
                      {
                        guard: { type: 'isAccepted', params: ({ event }) => event },
                        target: 'stapled',
                        actions: { type: 'keepAccepted', params: ({ event }) => event },
                      },
                      { target: FAULT, actions: { type: 'keepFailure', params: failureIn } },
                    ],
                    onError: faulted,
                  },
                  on: MACHINE_NOT_NEEDED,
                  after: { notarizationTimeout: late('the notarization') },
                },
                stapled: {
                  description: 'The disk image carries its ticket.',
                  always: [
                    { guard: and(['toolchainIsXcode', 'machineIsReady']), target: 'validatingStaple' },
                    { target: 'checkingStapled' },
                  ],
                },
                validatingStaple: {
                  description:
                    "Apple's stapler gives a second opinion, if the machine still lives; without one the job goes on.",
                  invoke: {
                    id: 'validateStaple',
                    src: 'validateStaple',
                    input: inGuest(stepAbout(notarized)),
                    onDone: 'checkingStapled',
                    onError: [
                      { guard: { type: 'isTicketRefused', params: errorOf }, ...faulted },
                      { target: 'checkingStapled' },
                    ],
                  },
                  on: { 'vm.lost': 'checkingStapled' },
                  after: { validateTimeout: 'checkingStapled' },
                },
                checkingStapled: {
                  description: 'The artifact is read back once more: a ticket was added to it.',
                  invoke: {
                    id: 'checkStapled',
                    src: 'checkArtifact',
                    input: stepAbout(notarized),
                    onDone: { target: 'awaitingClaim', actions: 'finishStage' },
                    onError: faulted,
                  },
                  on: MACHINE_NOT_NEEDED,
                  after: { checkTimeout: late('checking the artifact') },
                },
                publishing: {
                  description: 'The build goes to App Store Connect; the machine is not needed any more.',
                  entry: begin('publishing', 'Uploading to App Store Connect'),
                  on: MACHINE_NOT_NEEDED,
                  after: { publishingTimeout: late('the upload to App Store Connect') },
                  initial: 'recalling',
                  states: {
                    recalling: {
                      description: 'Did an earlier run of this job begin to upload the build?',
                      invoke: {
                        id: 'findEarlierUpload',
                        src: 'findEarlierUpload',
                        input: stepAbout(published),
                        onDone: {
                          target: 'sending',
                          actions: assign({ uploadId: ({ event }) => event.output }),
                        },
                        onError: faulted,
                      },
                      after: { journalTimeout: late('reading the journal of uploads') },
                    },
                    sending: {
                      description: 'Sent, committed, and looked at by Apple.',
                      invoke: {
                        id: 'storeUpload',
                        src: 'storeUpload',
                        input: ({ context }) => ({
                          runId: context.runId,
                          artifact: artifactOf(context, published(context)),
                          uploadId: context.uploadId,
                        }),
                        onDone: [
                          {
                            guard: { type: 'isPublished', params: ({ event }) => event },
                            target: '#signJob.engaged.work.running.awaitingClaim',
                            actions: [
                              { type: 'keepPublished', params: ({ event }) => event },
                              { type: 'tellRemarks', params: ({ event }) => event },
                              'finishStage',
                              { type: 'tellPublished', params: ({ event }) => event },
                            ],
                          },
                          {
                            target: FAULT,
                            actions: [
                              { type: 'tellRemarks', params: ({ event }) => event },
                              { type: 'keepFailure', params: failureIn },
                            ],
                          },
                        ],
                        onError: faulted,
                      },
                    },
                  },
                },
                delivering: {
                  description:
                    'The artifact goes to the hub as one base64 stream; the machine is not needed any more.',
                  entry: ['resetAttempts', begin('uploading', 'Uploading artifact')],
                  on: MACHINE_NOT_NEEDED,
                  after: { uploadTimeout: late('uploading the artifact') },
                  initial: 'attempting',
                  states: {
                    attempting: {
                      description: 'One upload; a second one is harmless, the last one counts.',
                      entry: 'countAttempt',
                      invoke: {
                        id: 'deliverArtifact',
                        src: 'deliverArtifact',
                        input: stepAbout(delivered),
                        onDone: {
                          target: '#signJob.engaged.work.running.delivered',
                          actions: 'keepDelivered',
                        },
                        onError: [
                          { guard: { type: 'isNotOurs', params: errorOf }, target: 'doubting' },
                          { guard: { type: 'mayTryAgain', params: errorOf }, target: 'pausing' },
                          faulted,
                        ],
                      },
                      initial: 'beginning',
                      states: {
                        beginning: {
                          description: 'Nothing has left yet; who connects has deadlines of its own.',
                          on: { 'step.moved': 'sending', 'step.sent': 'awaitingAnswer' },
                        },
                        sending: {
                          description: 'Each piece that leaves starts the wait anew.',
                          on: {
                            'step.moved': { target: 'sending', reenter: true },
                            'step.sent': 'awaitingAnswer',
                          },
                          after: { stallTimeout: sayAgain(uploadStalled) },
                        },
                        awaitingAnswer: {
                          description: 'Everything has left; the hub decodes it before it answers.',
                          after: { answerTimeout: sayAgain(uploadUnanswered) },
                        },
                      },
                    },
                    pausing: { description: 'The hub gets a breath.', after: { retryPause: 'attempting' } },
                    doubting: {
                      description:
                        'The hub refuses the token: a newer one, a job on its way back to us, or not ours.',
                      always: [
                        { guard: 'hasNewerToken', target: 'attempting' },
                        { guard: not('claimIsValid'), target: '#signJob.engaged.work.running.awaitingClaim' },
                        { target: DROP, actions: disown(handedOn) },
                      ],
                    },
                  },
                },
                delivered: {
                  description:
                    'The hub took the artifact; if the link was down, it is found out whether under a good token.',
                  on: MACHINE_NOT_NEEDED,
                  always: [
                    { guard: 'mustPublish', target: 'awaitingClaim', actions: 'finishStage' },
                    { guard: and(['claimIsValid', 'hasNewerToken']), target: 'delivering' },
                    {
                      guard: 'claimIsValid',
                      target: '#signJob.engaged.work.reporting',
                      actions: 'finishStage',
                    },
                  ],
                },
              },
            },

            reporting: {
              description:
                'The one answer is given, unless the hub gave the job to somebody else, whose run it would end.',
              always: [
                { guard: 'claimIsLost', target: 'dropping', actions: disown(claimExpired) },
                // while the link is down it waits in the outbox, which asks the hub before it is said
                { guard: not('claimIsAskedFor'), target: 'releasing', actions: 'conclude' },
              ],
            },
            dropping: {
              description: 'Nothing is reported; should the hub hand the job to us again, a new run begins.',
              entry: 'tellDropped',
              always: 'releasing',
            },
            releasing: {
              description: 'The machine is let go; the slot stays taken until it is gone.',
              entry: raise({ type: 'machine.unwanted' }),
              on: { 'job.cancelRequested': {} },
              always: { guard: 'machineIsGone', target: 'purging' },
            },
            purging: {
              description: 'The run directory and every secret of the run are removed.',
              invoke: {
                id: 'purgeRun',
                src: 'purgeRun',
                input: ({ context }) => ({
                  runId: context.runId,
                  assignmentIds: context.assignmentIds,
                  awaitsReceipt: context.failure?.code === NOT_OURS ? null : newest(context),
                }),
                onDone: 'settling',
                onError: 'settling',
              },
              on: { 'job.cancelRequested': {} },
              after: { purgeTimeout: 'settling' },
            },
            settling: {
              description: 'The outcome decides the final state.',
              always: [
                { guard: 'hasSucceeded', target: '#signJob.succeeded' },
                { guard: 'wasDropped', target: '#signJob.dropped' },
                { guard: 'wasCancelled', target: '#signJob.cancelled' },
                { target: '#signJob.failed' },
              ],
            },
          },
        },

        machine: {
          description: 'The virtual machine of this run.',
          initial: 'none',
          states: {
            none: {
              description: 'No machine: not wanted yet, or gone.',
              on: { 'machine.wanted': 'owned', 'machine.unwanted': {} },
            },
            owned: {
              description:
                'A vm-lifecycle works for this run; this state is left only when the machine is gone.',
              invoke: {
                id: 'vm',
                src: 'vmLifecycle',
                input: ({ context, self }) => ({ ...context.vm, owner: self }),
                onDone: {
                  target: 'none',
                  actions: {
                    type: 'noteLeak',
                    params: ({ event }) => ({
                      name: event.output.outcome === 'leaked' ? event.output.name : null,
                    }),
                  },
                },
                onError: {
                  target: 'none',
                  actions: [
                    { type: 'noteLeak', params: ({ context }) => ({ name: context.vm.name }) },
                    raise(({ context, event }) => ({
                      type: 'vm.lost',
                      name: context.vm.name,
                      failure: toFailure(event.error),
                    })),
                  ],
                },
              },
              on: { 'machine.unwanted': '.releasing' },
              initial: 'acquiring',
              states: {
                acquiring: {
                  description: 'Cloned, booted, located, connected: on its way.',
                  on: { 'vm.ready': 'ready' },
                },
                ready: { description: 'The guest takes commands.' },
                releasing: {
                  description: 'Stopped and deleted; the deadlines are those of the vm-lifecycle.',
                  entry: 'releaseMachine',
                  on: { 'machine.unwanted': {}, 'vm.ready': {}, 'vm.lost': {} },
                },
              },
            },
          },
        },

        claim: {
          description: 'Whether the hub still counts this job as ours.',
          initial: 'valid',
          states: {
            valid: {
              description: 'The token of the newest assignment is good.',
              on: { 'job.linkLost': 'doubtful' },
            },
            doubtful: {
              description:
                'The link broke, and the hub gives one job of a lost link away: work goes on, nothing is delivered.',
              on: { 'job.adopted': 'valid', 'job.linkRestored': 'asking' },
            },
            asking: {
              description:
                'The link is back; the hub is asked whether the token is still good, until it answers.',
              on: { 'job.adopted': 'valid', 'job.linkLost': 'doubtful' },
              // without an answer the job is taken to be ours: the next transfer shows whether that is so
              after: { claimTimeout: { target: 'valid', actions: 'tellClaimConfirmed' } },
              initial: 'probing',
              states: {
                probing: {
                  description: 'One question.',
                  invoke: {
                    id: 'probeClaim',
                    src: 'probeClaim',
                    input: step,
                    onDone: [
                      {
                        guard: { type: 'isOpen', params: ({ event }) => ({ state: event.output }) },
                        target: '#signJob.engaged.claim.valid',
                        actions: 'tellClaimConfirmed',
                      },
                      { target: '#signJob.engaged.claim.awaitingReassignment' },
                    ],
                    onError: 'pausing',
                  },
                },
                pausing: {
                  description: 'The hub gave no clear answer; it may have just been started.',
                  after: { claimPause: 'probing' },
                },
              },
            },
            awaitingReassignment: {
              description:
                'The job is queued again, or forgotten; the hub may hand it to us once more, unless the slot is needed.',
              entry: 'tellAwaitingReassignment',
              on: { 'job.adopted': 'valid', 'job.linkLost': 'doubtful', 'job.giveWayRequested': 'expired' },
              after: { reassignmentTimeout: 'expired' },
            },
            expired: {
              description: 'Somebody else has the job.',
              entry: raise({ type: 'claim.expired' }),
            },
          },
        },

        pulse: {
          description: 'Says the current stage again now and then, as long as there is more to come.',
          initial: 'beating',
          states: {
            beating: {
              description: 'Waits for the next beat.',
              after: {
                pulseInterval: [
                  { guard: 'isRunning', target: 'beating', reenter: true, actions: 'repeatStage' },
                  { target: 'beating', reenter: true },
                ],
              },
            },
          },
        },
      },
    },

    succeeded: { description: 'The artifact was delivered.', type: 'final', output: 'succeeded' },
    failed: { description: 'One clear error was reported.', type: 'final', output: 'failed' },
    cancelled: { description: 'Stopped on request.', type: 'final', output: 'cancelled' },
    dropped: {
      description: 'The job belongs to somebody else; nothing was reported.',
      type: 'final',
      output: 'dropped',
    },
  },
});

function cancelOf({ event }: { event: { why: 'user' | 'shutdown' } }): { failure: Failure } {
  return { failure: event.why === 'user' ? jobCancelled : workerStopping };
}

/** The hub relays every line on its one event loop. */
const TOLD_REMARKS = 50;

/** Of a child that ended badly. */
function failureIn({ event }: { event: { output: { failure: Failure | null } } }): { failure: Failure } {
  return { failure: event.output.failure ?? toFailure(undefined) };
}

function passesOf({ job }: SignJobContext): readonly AdmittedPass[] {
  return job?.passes ?? [];
}

function artifactOf({ artifacts }: SignJobContext, pass: number): Artifact {
  const artifact = artifacts[pass];
  if (artifact) return artifact;
  throw new Error('an artifact is made before it goes anywhere');
}

function publishedNote({ job }: SignJobContext, { processed }: StoreUploadOutput): JobNote {
  const end = processed ? '' : '; Apple is still processing the build';
  return {
    kind: 'published',
    platform: job?.target === 'macos-sign' ? 'macos' : 'ios',
    message: `${job?.appName ?? 'The app'} was uploaded to App Store Connect${end}`,
  };
}

function noted(context: SignJobContext, note: JobNote): JobReport {
  return { type: 'job.noted', runId: context.runId, jobId: context.jobId, note };
}

function conclusionOf(context: SignJobContext): Conclusion {
  const { failure, delivered: artifact, stage } = context;
  if (!failure && artifact) return { outcome: 'succeeded', artifact };
  const said = failure ?? toFailure(undefined);
  const isCancelled = said.code === jobCancelled.code;
  return {
    outcome: isCancelled ? 'cancelled' : 'failed',
    failure: artifact && !isCancelled ? afterDelivery(said, artifact) : said,
    stage: stage?.name ?? null,
  };
}

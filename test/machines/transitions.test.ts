import { afterAll, expect, test } from 'vitest';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { Failure } from '../../machines/contracts/failure.ts';
import type { Artifact } from '../../machines/contracts/job.ts';
import { hubConnectionMachine } from '../../machines/hub-connection/machine.ts';
import { nextStaple } from '../../machines/sign-job/context.ts';
import { ENTER_ATTEMPTS, TRANSFER_ATTEMPTS } from '../../machines/sign-job/limits.ts';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import { signJobPorts } from '../../machines/sign-job/ports.ts';
import { supervisorMachine } from '../../machines/supervisor/machine.ts';
import { vmLifecycleMachine } from '../../machines/vm-lifecycle/machine.ts';
import { deaf, inert, owner } from './inert.ts';
import { coverageLine, type WalkResult, walk } from './walk.ts';

const failure = (code: string, retryable = false): Failure => ({
  kind: 'host',
  code,
  summary: 'sample',
  reason: '',
  nextStep: '',
  retryable,
});
const errors = [
  { error: failure('A') },
  { error: failure('B', true) },
  { error: failure('HUB_JOB_NOT_OURS', true) },
];
const lines: string[] = [];
const report = (name: string, result: WalkResult) => {
  lines.push(coverageLine(name, result));
  expect(result.missing).toEqual([]);
};
afterAll(() => console.error(lines.join('\n')));

test('vm-lifecycle: every transition is walked, and no end is reached without a delete', () => {
  const ports = ['cloneVm', 'locateVm', 'connectGuest', 'probeGuest', 'detachVm', 'shutDownGuest'];
  const machine = vmLifecycleMachine.provide({
    actors: { ...inert([...ports, 'stopVm', 'deleteVm']), runVm: deaf, watchGuest: deaf },
  });
  const address = { host: '127.0.0.1', port: 22, user: 'admin', hostKeyFingerprint: 'SHA256:x' };
  const walked = [false, true].map((isBooted) =>
    walk(machine, {
      input: { name: 'v', image: 'i', owner, isBooted },
      key: ({ value, context, status }) =>
        JSON.stringify([value, context.deleteAttempts, context.failure?.code, context.refusals > 1, status]),
      samples: {
        'xstate.done.actor.locateVm': [{ output: address }],
        'xstate.done.actor.relocateVm': [{ output: address }],
        'xstate.done.actor.locateAgain': [{ output: address }],
        'xstate.error.actor.locateAgain': errors,
        'xstate.error.actor.connectAgain': errors,
        'xstate.error.actor.locateVm': errors,
        'xstate.error.actor.connectGuest': errors,
        'vm.exited': [
          { reason: 'x' },
          { reason: 'x', failure: failure('VM_LIMIT_REACHED') },
          { reason: 'x', inOrder: true },
        ],
        'guest.lost': [{ reason: 'x' }, { reason: 'x', mayReturn: true }],
      },
      check: (s) => {
        if (s.status === 'done' && !['handedOver', 'kept'].includes(s.output.outcome))
          expect(s.context.deleteAttempts).toBeGreaterThan(0);
      },
    }),
  );
  const [fresh, booted] = walked as [WalkResult, WalkResult];
  const result = { ...fresh, missing: fresh.missing.filter((name) => booted.missing.includes(name)) };
  report('vm-lifecycle', result);
});

const jobsWalked: WalkResult[] = [];

test.each(['plain', 'notarized', 'for the store', 'for both'])(
  'sign-job, %s: nothing ends with a machine',
  (name) => {
    const machine = signJobMachine.provide({
      actors: {
        ...inert(Object.keys(signJobPorts)),
        ...{ watchRun: deaf, vmLifecycle: deaf, notarization: deaf, storeUpload: deaf, testflight: deaf },
      },
    } as never);
    jobsWalked.push(walkJob(machine, name as keyof typeof jobs));
  },
);

test('sign-job: every transition is walked by one of these', () => {
  const [plain, ...others] = jobsWalked as [WalkResult, ...WalkResult[]];
  report('sign-job', {
    ...plain,
    situations: jobsWalked.reduce((sum, { situations }) => sum + situations, 0),
    missing: plain.missing.filter((name) => others.every(({ missing }) => missing.includes(name))),
  });
});

/** The plain job meets everything everywhere; the others meet on their way what it has not met there. */
const walkJob = (machine: AnyStateMachine, name: keyof typeof jobs): WalkResult => {
  const isPlain = name === 'plain';
  const usesToken = isPlain ? usesTokenAnywhere : usesTokenLate;
  const isQuiet = (s: AnyMachineSnapshot) => isBetweenAttempts(s) || (!isPlain && !matters(s));
  return walk(machine, {
    input: { runId: 'r', jobId: 'j', vm: { name: 'v', image: 'i' }, owner },
    maxPaths: 300_000,
    key: situationOfJob,
    isStoodFor: (s) => isBetweenAttempts(s) && !isPlainest(s),
    samples: {
      'job.cancelRequested': (s) => (isQuiet(s) ? [] : [{ why: 'user' }, { why: 'shutdown' }]),
      'job.adopted': (s) =>
        usesToken(s) && s.context.assignmentIds.length < 2 ? [{ assignmentId: 'r2' }] : [],
      'job.linkLost': (s) => (usesToken(s) ? [{}] : []),
      'job.linkRestored': (s) => (usesToken(s) ? [{}] : []),
      'xstate.done.actor.probeClaim': (s) => (usesToken(s) ? [{ output: 'open' }, { output: 'closed' }] : []),
      'xstate.error.actor.probeClaim': (s) => (usesToken(s) ? [{}] : []),
      'job.giveWayRequested': (s) => (usesToken(s) ? [{}] : []),
      'xstate.after.reassignmentTimeout.signJob.engaged.claim.awaitingReassignment': (s) =>
        usesToken(s) ? [{}] : [],
      'vm.ready': (s) => (isQuiet(s) ? [] : [{}]),
      'vm.lost': (s) => (isQuiet(s) ? [] : [{ failure: failure('VM_EXITED') }]),
      // raised by the machine itself
      'process.wanted': [],
      'process.lost': [],
      'process.ended': (s) => (isQuiet(s) ? [] : [{ failure: failure('RUN_PROCESS_LOST', true) }]),
      'xstate.done.actor.openRun': [{ output: jobs[name] }],
      'xstate.error.actor.watchRun': (s) => (isMeasured(s) ? [{}] : []),
      'xstate.after.measurePause.signJob.engaged.process.alive.resting': (s) => (isMeasured(s) ? [{}] : []),
      'step.progressed': [{ percent: 5 }],
      'step.logged': [{ line: 'x' }],
      'submission.received': [{ submissionId: 's' }],
      'xstate.done.actor.admitJob': [{ output: jobs[name] }],
      'xstate.done.actor.drawIcons': [{ output: { hasCatalog: name === 'plain' || name === 'for both' } }],
      'xstate.done.actor.recallArtifact': [
        { output: null },
        { output: { artifact: made, acceptedAs: [] } },
        { output: { artifact: made, acceptedAs: ['s'] } },
      ],
      'xstate.done.actor.compileAssets': [true, false].map((isCompiled) => ({ output: { isCompiled } })),
      'xstate.done.actor.learnToolchain': [{ output: 'xcode' }],
      'xstate.error.actor.validateStaple': [...errors, { error: failure('STAPLE_FAILED') }],
      'xstate.done.actor.inspectBundle': [{ output: { folderName: 'A.app' } }],
      'xstate.done.actor.packageArtifact': [{ output: made }],
      'xstate.done.actor.packageAnew': [{ output: made }],
      'xstate.done.actor.recordSignature': (s) => [{ output: unrecorded(s) ?? made }],
      'xstate.done.actor.recordChange': (s) => [{ output: unrecorded(s) ?? made }],
      'xstate.done.actor.notarization': ['succeeded', 'rejected'].map((outcome) => ({
        output: {
          ...{ outcome, submissionId: 's', artifact: { name: 'a.dmg', sizeBytes: 2, sha256Hex: 'y' } },
          failure: outcome === 'succeeded' ? null : failure('NOTARY_REJECTED'),
        },
      })),
      'xstate.done.actor.findEarlierUpload': [{ output: null }],
      'xstate.done.actor.storeUpload': ['published', 'failed'].map((outcome) => ({
        output: { outcome, processed: true, uploadId: 'u', remarks: ['x'], failure: null },
      })),
      'xstate.done.actor.testflight': ['ready', 'failed'].map((outcome) => ({
        output: { outcome, buildId: 'b', remarks: ['x'], failure: null },
      })),
      'xstate.error.actor.downloadBundle': errors,
      'xstate.error.actor.enterGuest': [...errors, { error: failure('GUEST_UNREACHABLE', true) }],
      'xstate.error.actor.deliverArtifact': errors,
      'xstate.error.actor.vm': (s) => (isQuiet(s) ? [] : [{}]),
      'xstate.done.actor.vm': (s) =>
        isQuiet(s)
          ? []
          : [
              { output: { outcome: 'deleted', name: 'v', failure: null } },
              { output: { outcome: 'leaked', name: 'v', failure: null } },
            ],
    },
    check: (s) => {
      if (s.status === 'done') expect(s.children.vm).toBeUndefined();
    },
  });
};

const made = { name: 'a.dmg', sizeBytes: 1, sha256Hex: 'x' };
const direct = { embedsProfile: false, staples: [], publishes: false, delivers: true };
const notarized = { ...direct, staples: ['app', 'image'] };
const store = { ...direct, embedsProfile: true, publishes: true };
const jobs = {
  plain: { toolchain: 'portable', passes: [direct], afterUpload: null },
  notarized: { toolchain: 'portable', passes: [notarized], afterUpload: null },
  'for the store': {
    toolchain: 'portable',
    passes: [{ ...store, staples: ['image'] }],
    afterUpload: { hasNotes: true, hasGroups: true },
  },
  'for both': { toolchain: null, passes: [notarized, { ...store, delivers: false }], afterUpload: null },
};

/** The attempts in the middle are like the second one: there one situation stands for all, and goes on to the last. */
const isBetweenAttempts = (s: AnyMachineSnapshot): boolean =>
  isRepeated(s) && s.context.attempts > 2 && !isAtLastAttempt(s);
const isAtLastAttempt = (s: AnyMachineSnapshot): boolean =>
  isRepeated(s) && s.context.attempts === (isEntering(s) ? ENTER_ATTEMPTS : TRANSFER_ATTEMPTS);
const isPlainest = ({ value: { engaged } }: AnyMachineSnapshot): boolean =>
  engaged.claim === 'valid' &&
  engaged.process.alive === 'resting' &&
  (engaged.machine.owned === 'ready' || engaged.machine === 'none');

/** The claim matters only where a token is used or waited for, and in attempts what is new in the first or the last. */
const isAtAnEnd = (s: AnyMachineSnapshot): boolean => s.context.attempts < 2 || isAtLastAttempt(s);
const usesTokenAnywhere = (s: AnyMachineSnapshot): boolean =>
  isAtAnEnd(s) &&
  worksAt(/admitting|waitingForSlot|downloading|entering|checking(Artifact|While)|awaitingClaim|deliver/)(s);
const usesTokenLate = (s: AnyMachineSnapshot): boolean =>
  isAtAnEnd(s) && worksAt(/"awaitingClaim|deliver/)(s);

/** A lost machine is like one that is there for whoever needs none any more. */
const standingOf = (s: AnyMachineSnapshot) =>
  s.value.engaged?.machine?.owned === 'lost' && !nextStaple(s.context)
    ? { engaged: { ...s.value.engaged, machine: { owned: 'ready' } } }
    : s.value;

/** What may not leave yet. */
const unrecorded = ({ context }: AnyMachineSnapshot): Artifact | undefined =>
  context.artifacts.find(({ sha256Hex }: Artifact) => !context.recorded.includes(sha256Hex));

const situationOfJob = (s: AnyMachineSnapshot): string =>
  JSON.stringify([
    standingOf(s),
    isRepeated(s) && s.context.attempts,
    endingOf(s.context.failure?.code),
    isOnItsWay(s) && [
      ...[s.context.toolchain, s.context.hasCatalog, s.context.pass],
      ...[s.context.acceptedAs, s.context.publishedAs, s.context.delivered !== null],
      unrecorded(s) !== undefined,
    ],
    s.context.attemptedWith === s.context.assignmentIds.at(-1),
    s.context.assignmentIds.length > 1,
    s.status,
  ]);

/** Asked for many times in each situation. */
const workTexts = new WeakMap<AnyMachineSnapshot, string>();
const workText = (s: AnyMachineSnapshot): string => {
  const text = workTexts.get(s) ?? JSON.stringify(s.value.engaged?.work ?? s.value);
  workTexts.set(s, text);
  return text;
};
const worksAt = (pattern: RegExp) => (s: AnyMachineSnapshot) => pattern.test(workText(s));
/** Where the machine is waited for, and where it is needed no more. */
const matters = worksAt(
  /awaitingMachine|recordingChange|checkingWhile|keepingArtifact|restoring|notarizing|stapled|Stapl|updating|Anew|Remade|publishing|deliver|distributing|leasing/,
);
/** Looking at its memory changes nothing but that it is looked at. */
const isMeasured = worksAt(/"inspecting"/);
const isOnItsWay = worksAt(/waitingForSlot|"running"/);
const isEntering = worksAt(/enteringMachine/);
const isRepeated = worksAt(/downloading|delivering|enteringMachine/);

/** Failures differ only in the end they lead to. */
const endingOf = (code: string | undefined) =>
  code === undefined || code === 'CANCELLED' || code === 'HUB_JOB_NOT_OURS' ? code : 'failed';

test('hub-connection: every transition is walked, and no conclusion is forgotten before it is confirmed', () => {
  const machine = hubConnectionMachine.provide({
    actors: { ...inert(['probeAssignments', 'askQueueLength']), hubSocket: deaf },
  });
  const conclusion = { kind: 'conclusion', jobId: 'j', assignmentId: 'a', conclusion: { outcome: 'failed' } };
  const probed = [['a'], []].map((stillOpen) => ({ output: { asked: ['a'], stillOpen } }));
  const queueLengths = [null, 0, 1].map((output) => ({ output }));
  const result = walk(machine, {
    input: { owner, slots: 1 },
    key: (s) =>
      JSON.stringify([
        s.value,
        Math.min(s.context.failures, 1),
        s.context.outbox.held.length > 0,
        s.context.outbox.unconfirmed.length > 0,
        s.context.outbox.doubtful.length > 0,
        s.context.claimed.length > 0,
        s.context.offer,
        s.context.lastAssignedJobId,
        s.status,
      ]),
    samples: {
      'hub.report': [{ report: conclusion }],
      'socket.received': [
        { message: { type: 'authFailed' } },
        { message: { type: 'updateRequested' } },
        { message: { type: 'jobAssigned', jobId: 'j', assignmentId: 'a' } },
        { message: { type: 'jobMalformed', jobId: 'j', assignmentId: 'a', failure: failure('A') } },
        { message: { type: 'cancelRequested', jobId: 'j' } },
      ],
      'socket.confirmed': [{ seq: 999 }],
      'socket.lost': [{ reason: 'x' }],
      'hub.claimConfirmed': [{ jobId: 'j' }],
      'hub.jobDropped': [{ jobId: 'j' }],
      // another number of slots is walked by itself
      'hub.slotsChanged': [],
      'xstate.after.offerPause.hubConnection.linked.online.offering.young': [],
      'xstate.done.actor.probeAssignments': probed,
      'xstate.done.actor.probeBeforeClosing': probed,
      'xstate.done.actor.askQueueLength': queueLengths,
      'xstate.done.actor.confirmQueueLength': queueLengths,
    },
  });
  const received = { message: { type: 'jobAssigned', jobId: 'j', assignmentId: 'a' } };
  const isLeaving = (s: AnyMachineSnapshot) => s.matches({ linked: 'reoffering' });
  const isOffering = (s: AnyMachineSnapshot) => s.matches({ linked: { online: 'offering' } });
  const offers = walk(machine, {
    input: { owner, slots: 1 },
    key: ({ value, context, status }) =>
      JSON.stringify([
        ...[value, context.slots, context.saidSlots, Math.min(context.reoffers, 1), context.offer, status],
        ...[context.lastAssignedJobId, context.outbox.held.length + context.outbox.unconfirmed.length > 0],
      ]),
    samples: {
      ...nothingOf(machine),
      'socket.opened': [{}],
      'hub.slotsChanged': (s) => (isOffering(s) ? [0, 1, 2].map((slots) => ({ slots })) : []),
      'socket.received': (s) => (s.context.lastAssignedJobId === null ? [received] : []),
      'hub.report': (s) => (s.context.lastAssignedJobId === null ? [] : [{ report: conclusion }]),
      'socket.confirmed': [{ seq: 999 }],
      'socket.lost': (s) => (isLeaving(s) ? [{ reason: 'x' }] : []),
      'hub.intakeClosed': (s) => (isLeaving(s) ? [{}] : []),
      'hub.jobUnwanted': (s) => (isLeaving(s) ? [{}] : []),
      'hub.closeRequested': (s) => (isLeaving(s) ? [{}] : []),
      ...onlyAfter(machine, /greetingGrace|offer|reoffering|backoff|hangUp/),
    },
  });
  report('hub-connection', {
    ...result,
    missing: result.missing.filter((name) => offers.missing.includes(name)),
  });
});

/** No event but those that are named beside this. */
const nothingOf = (machine: AnyStateMachine) =>
  Object.fromEntries(machine.events.map((type) => [type as string, []]));
const onlyAfter = (machine: AnyStateMachine, wanted: RegExp) =>
  Object.fromEntries(
    machine.events
      .filter((type) => /^xstate.after/.test(type as string) && wanted.test(type as string))
      .map((type) => [type as string, [{}]]),
  );

test('supervisor: every transition is walked, and never more runs hold a slot than there are', () => {
  const machine = supervisorMachine.provide({
    actors: {
      ...inert(['sweepLeftovers', 'sweepLeaks', 'sweepRun', 'probeReturned', 'findObstacles']),
      hubConnection: deaf,
      interruptedJobs: deaf,
      clusterCapacity: deaf,
      signJob: deaf,
      vmPool: deaf,
    },
  } as never);
  const runs = (s: AnyMachineSnapshot) =>
    s.context.runs as {
      runId: string;
      number: number;
      jobId: string;
      phase: string;
      holdsSlot: boolean;
      claim: string;
      handedVm: string | null;
    }[];
  /** Leaks, jobs on their way back and the work of the runs do not depend on each other. */
  const quiet = (s: AnyMachineSnapshot) =>
    s.context.leaked.length === 0 && s.context.returned.length === 0 && (isAnswered(s) || awaitsAnswers(s));
  /** How many slots there are changes nothing in the way that runs and leaks take. */
  const besideSlots = (s: AnyMachineSnapshot) => ({ ...s.value.serving, slots: undefined });
  /** Jobs on their way back meet a daemon that does nothing else, or one thing. */
  const calm = (s: AnyMachineSnapshot) =>
    quiet(s) &&
    s.context.standbys === 0 &&
    runs(s).every(({ phase, claim }) => phase === 'working' && claim === 'held');
  const isAtHome = (s: AnyMachineSnapshot) => s.context.returned.length === 0;
  const accepts = (s: AnyMachineSnapshot) => s.matches({ serving: { work: 'accepting' } });
  /** Jobs of a killed process matter to the end alone. */
  const isAnswered = (s: AnyMachineSnapshot) => s.context.interruptedJobIds.length === 0;
  const awaitsAnswers = (s: AnyMachineSnapshot) => s.matches({ serving: { work: 'answering' } });
  /** Whose claim it is matters to the run that has it. */
  const lone = (s: AnyMachineSnapshot) =>
    runs(s).length === 1 && quiet(s) && runs(s)[0]?.phase === 'working'
      ? runs(s).map(({ runId, jobId }) => ({ runId, jobId }))
      : [];
  const actors = (kind: string) => (s: AnyMachineSnapshot) =>
    runs(s).map(({ runId, number }) => ({
      type: `xstate.${kind}.actor.run.${number}`,
      actorId: `run.${number}`,
      output: { runId, leakedVm: 'v', vmName: 'own' },
    }));
  const sweepOfA = (kind: string) => (s: AnyMachineSnapshot) =>
    runs(s)
      .filter(({ runId }) => runId === 'a')
      .map(({ number }) => ({
        type: `xstate.${kind}.actor.sweep.${number}`,
        actorId: `sweep.${number}`,
      }));
  const result = walk(machine, {
    input: {
      ...{ maxConcurrent: 1, image: 'i', instance: '00000000', standbySize: 1, maxWaiting: 1 },
      interruptedJobIds: ['i'],
    },
    maxPaths: 150_000,
    key: (s) =>
      JSON.stringify([
        runs(s).length === 0 && quiet(s) ? s.value : { ...s.value, serving: besideSlots(s) },
        runs(s).map((run) => [run.runId, run.phase, run.holdsSlot, run.claim]),
        s.context.returned.length > 0,
        s.context.interruptedJobIds.length > 0,
        s.context.standbys > 0,
        s.context.leaked.length > 0,
        s.status,
      ]),
    samples: {
      // a pause is walked by itself, and so are obstacles
      ...{ 'pause.requested': [], 'resume.requested': [], 'yield.requested': [], 'yield.withdrawn': [] },
      'obstacle.suspected': [],
      'xstate.after.lookPause.supervisor.serving.ability.pausing': [],
      'hub.jobAssigned': (s) =>
        (runs(s).filter(({ phase }) => phase !== 'concluded').length === 2 ? ['a', 'b', 'c'] : ['a', 'b'])
          .map((id) => ({ jobId: `job-${id}`, assignmentId: id }))
          .filter(({ jobId }) => !runs(s).some((run) => run.jobId === jobId && run.phase === 'concluded'))
          .filter(() => (accepts(s) || calm(s)) && (isAnswered(s) || awaitsAnswers(s))),
      'interrupted.answered': (s) => (isAnswered(s) ? [] : [{}]),
      'xstate.error.actor.interruptedJobs': (s) => (isAnswered(s) ? [] : [{}]),
      // raised by the machine itself
      ...{ 'job.returned': [], 'job.kept': [], 'returns.settled': [] },
      'xstate.done.actor.probeReturned': [{ output: ['a', 'b'] }, { output: [] }],
      'job.claimConfirmed': lone,
      'job.awaitingReassignment': lone,
      'pool.answered': (s) =>
        runs(s).length === 1 && quiet(s)
          ? ['a', 'gone'].map((runId) => ({ runId, vm: { name: 'v', image: 'i', isBooted: true } }))
          : [],
      'pool.changed': (s) =>
        runs(s).length === 0 && quiet(s) && s.matches({ serving: { link: 'offline' } })
          ? [{ standbys: s.context.standbys > 0 ? 0 : 1 }]
          : [],
      'pool.leaked': (s) => (runs(s).length === 0 && quiet(s) ? [{ name: 'v' }] : []),
      'leaks.noticed': (s) => (runs(s).length === 0 && isAtHome(s) ? [{}] : []),
      'slot.refused': (s) => (runs(s).length === 0 && quiet(s) ? [{}] : []),
      'xstate.after.leakSweepPause.supervisor.serving.leaks.waiting': (s) =>
        runs(s).length === 0 && isAtHome(s) ? [{}] : [],
      'hub.jobMalformed': [{ jobId: 'm', assignmentId: 'm', failure: failure('A') }],
      'hub.cancelRequested': [{ jobId: 'job-a' }, { jobId: 'unknown' }],
      'job.cancelRequested': [{ jobId: 'job-a' }],
      'hub.linkLost': (s) =>
        runs(s).length > 1 ? [] : ['job-a', null].map((requeuedJobId) => ({ reason: 'x', requeuedJobId })),
      'hub.refused': (s) => (runs(s).length > 1 ? [] : [{}]),
      'job.awaitingSlot': (s) =>
        runs(s)
          .filter((run) => run.phase === 'admitting')
          .map(({ runId }) => ({ runId })),
      'job.noted': [{ runId: 'a', jobId: 'job-a', note: { kind: 'queued', position: 1 } }],
      'job.concluded': (s) =>
        runs(s)
          .filter((run) => run.phase !== 'concluded')
          .map(({ runId, jobId }) => ({
            runId,
            jobId,
            assignmentId: runId,
            // no reason to look for obstacles, which are walked by themselves
            conclusion: { outcome: 'failed', failure: { ...failure('A'), kind: 'input' }, stage: null },
          })),
      'job.dropped': (s) =>
        runs(s)
          .filter((run) => run.phase === 'working')
          .map(({ runId, jobId }) => ({ runId, jobId })),
      'xstate.done.actor.run.*': actors('done'),
      'xstate.error.actor.run.*': actors('error'),
      'xstate.done.actor.sweep.*': sweepOfA('done'),
      'xstate.error.actor.sweep.*': sweepOfA('error'),
      'xstate.done.actor.sweepLeftovers': [{ output: [] }, { output: ['v'] }],
      'xstate.done.actor.sweepLeaks': [{ output: ['v'] }],
    },
    check: (s) => expect(runs(s).filter((run) => run.holdsSlot).length).toBeLessThanOrEqual(1),
  });
  // nothing to answer for, and told to end before the sweep was over
  const early = walk(machine, {
    input: { maxConcurrent: 1, image: 'i', instance: '00000000', standbySize: 1 },
    samples: { 'xstate.done.actor.sweepLeftovers': [] },
  });
  const obstacle = { about: 'disk', summary: 's', reason: 'r', nextStep: 'n' };
  const pauses = walk(machine, {
    input: { maxConcurrent: 1, image: 'i', instance: '00000000', standbySize: 0, interruptedJobIds: [] },
    key: (s) =>
      JSON.stringify([
        ...[s.value, s.context.isPaused === true, s.context.isYielding, s.context.returned.length, s.status],
        s.context.obstacles.length,
        runs(s).map((run) => [run.runId, run.phase, run.claim]),
      ]),
    samples: {
      ...nothingOf(machine),
      'xstate.done.actor.sweepLeftovers': [{ output: [] }],
      'xstate.error.actor.sweepLeftovers': [{}],
      'pause.requested': [{}],
      'obstacle.suspected': [{}],
      'xstate.done.actor.findObstacles': [{ output: [obstacle] }, { output: [] }],
      'xstate.error.actor.findObstacles': [{}],
      ...onlyAfter(machine, /lookPause|lookTimeout/),
      'resume.requested': [{}],
      'yield.requested': [{}],
      'yield.withdrawn': [{}],
      'xstate.after.yieldTimeout.supervisor.serving.work.yielding': [{}],
      'drain.requested': (s) => (isAtHome(s) ? [{}] : []),
      'shutdown.requested': (s) => (isAtHome(s) ? [{}] : []),
      // one assignment comes once: a job that was given back comes under another
      'hub.jobAssigned': (s) =>
        ['a', 'b']
          .slice(runs(s).length + s.context.returned.length)
          .map((id) => ({ jobId: 'job', assignmentId: id })),
      'hub.linkLost': [{ reason: 'x', requeuedJobId: 'job' }],
      'hub.linkUp': [{}],
      'xstate.done.actor.probeReturned': [{ output: ['a', 'b'] }, { output: [] }],
      'job.awaitingReassignment': (s) => runs(s).map(({ runId }) => ({ runId })),
      'xstate.done.actor.run.*': actors('done'),
    },
    check: (s) => {
      const isTaking = s.context.obstacles.length === 0;
      if (s.status === 'active' && accepts(s)) expect(isTaking).toBe(true);
      if (s.matches({ serving: { work: 'unable' } })) expect(isTaking).toBe(false);
    },
  });
  const following = walk(machine, {
    input: { maxConcurrent: 1, image: 'i', instance: '00000000', standbySize: 1, room: 1, followsRoom: true },
    key: ({ value, context }) => JSON.stringify([value, context.room, context.maxConcurrent]),
    samples: {
      ...nothingOf(machine),
      'xstate.done.actor.sweepLeftovers': [{ output: [] }],
      'capacity.changed': [0, 1, 2].map((slots) => ({ slots, account: '' })),
      'capacity.stale': [{}],
      'capacity.restored': [{}],
      'xstate.error.actor.capacity': [{}],
    },
    check: ({ context }) => expect(context.maxConcurrent).toBe(context.room),
  });
  report('supervisor', {
    ...result,
    missing: result.missing.filter((name) =>
      [early, pauses, following].every(({ missing }) => missing.includes(name)),
    ),
  });
});

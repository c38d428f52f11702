import { describe, expect, test } from 'vitest';
import { signJobLimits } from '../../machines/sign-job/limits.ts';
import { jobRecordSchema, MAX_MOVES, MAX_PATH } from '../../src/history/record.ts';
import { RunTrace } from '../../src/history/run-trace.ts';
import { failure } from '../machines/samples.ts';
import { admittedBoth, admittedWith } from '../machines/sign-job-scene.ts';
import { beginRecorded, image, PREPARED, pathOf, SHA256, SIGNED, stagesOf } from './recorded-scene.ts';

type Scene = ReturnType<typeof beginRecorded>;
const facts = {
  receivedAtMs: 400,
  platform: 'macos' as const,
  app: { name: 'Tide Clock', bundleId: 'org.example.tide', version: '1.2 (42)' },
};

/** Up to the end of signing, with a second for each step, and its machine at once. */
function signed(scene: Scene, job = scene.job): Scene {
  scene.assign('a');
  scene.admit(1_000, job);
  scene.machineReady();
  const kept = job.passes.length === 1 && job.passes[0]?.staples.length ? ['recallArtifact'] : [];
  for (const port of PREPARED) {
    scene.take(1_000, port);
    if (port === 'checkCredentials') scene.take(0, ...(kept as 'recallArtifact'[]));
  }
  scene.take(1_000, ...SIGNED);
  return scene;
}

/** Until this port is asked. */
function until({ stage, clock }: Scene, port: string): void {
  while (stage.open(port).length === 0) clock.advanceToNext();
}

describe('a run that ends well', () => {
  test('is recorded with its times, its waits and what came of it', () => {
    const scene = beginRecorded({ factsOf: () => facts });
    scene.clock.advance(1_000);
    scene.assign('a', 'job-1');
    scene.admit(50);
    scene.take(100, ...PREPARED);
    scene.clock.advance(300);
    scene.machineReady();
    scene.take(100, ...SIGNED, 'checkArtifact', 'deliverArtifact');
    const record = scene.only();
    expect(record).toMatchObject({
      ...{ v: 1, runId: 'a', jobId: 'job-1', appName: 'Tide Clock', target: 'macos-sign' },
      ...{ bundleId: 'org.example.tide', version: '1.2 (42)' },
      ...{ receivedAtMs: 400, startedAtMs: 1_000, endedAtMs: 2_650, durationMs: 2_250 },
      ...{ result: 'succeeded', failure: null, stage: 'uploading', retries: 0, isResumed: false },
      waits: { slotMs: 0, machineMs: 300, appleMs: 0 },
      bytes: { bundle: 9, artifact: 7 },
      ...{ machine: 'perry-ship-0a1b2c3d-a', leakedMachine: null, submissions: [], publishedAs: null },
      artifacts: [image],
    });
    expect(stagesOf(record)).toEqual([
      ...['extracting 300', 'generating_assets 500', 'signing 500', 'packaging 200', 'uploading 100'],
    ]);
    expect(pathOf(record)).toEqual([
      ...['admitting', 'waitingForSlot', 'running.awaitingProcess', 'running.downloading.attempting'],
      ...['running.inspecting', 'running.checkingCredentials', 'running.drawingIcons'],
      ...['running.mergingInfoPlist', 'running.awaitingMachine', 'running.enteringMachine.attempting'],
      ...['running.equipped', 'running.beginningPass', 'running.embeddingProfile', 'running.transferring'],
      ...['running.codesigning', 'running.takingSignatures', 'running.verifyingSignature'],
      ...['running.packaging', 'running.recordingSignature'],
      ...['running.checkingWhileSending', 'running.awaitingClaim'],
      ...['running.delivering.attempting.beginning', 'running.delivered', 'reporting', 'releasing'],
    ]);
    expect(scene.gone).toEqual([]);
    scene.cleanUp('leaked');
    expect(scene.gone).toHaveLength(1);
    expect(scene.gone[0]).toMatchObject({ leakedMachine: record.machine, durationMs: 2_250 });
    expect(scene.gone[0] && pathOf(scene.gone[0]).slice(-3)).toEqual(['purging', 'settling', 'succeeded']);
    expect(scene.recorder.running()).toEqual([]);
    expect(scene.faults).toEqual([]);
  });

  test('is told of when it begins and at each of its stages', () => {
    const scene = signed(beginRecorded());
    expect(scene.progress.map(({ stage, result }) => `${result} ${stage}`)).toEqual([
      ...['running null', 'running extracting', 'running generating_assets', 'running signing'],
      'running packaging',
    ]);
    scene.clock.advance(10);
    expect(scene.recorder.running()).toMatchObject([
      { result: 'running', endedAtMs: null, durationMs: 12_010, stage: 'packaging' },
    ]);
    expect(scene.finished).toEqual([]);
  });

  test('gives its actor’s name to the next one, which is another run', () => {
    const scene = beginRecorded();
    for (const id of ['a', 'b', 'c']) {
      scene.assign(id);
      scene.admit(1);
      scene.machineReady();
      scene.take(1, ...PREPARED, ...SIGNED, 'checkArtifact', 'deliverArtifact');
      scene.cleanUp();
    }
    expect(scene.finished.map(({ runId, result }) => `${runId} ${result}`)).toEqual([
      ...['a succeeded', 'b succeeded', 'c succeeded'],
    ]);
    expect(scene.gone.map(({ runId }) => runId)).toEqual(['a', 'b', 'c']);
    expect(scene.finished.map(({ durationMs }) => durationMs)).toEqual([14, 14, 14]);
  });
});

describe('waits', () => {
  test('for a slot are counted apart', () => {
    const scene = beginRecorded();
    scene.assign('a');
    scene.admit(1);
    scene.assign('b');
    scene.clock.advance(1);
    for (const call of scene.stage.open('admitJob')) call.answer(scene.job);
    scene.clock.advance(5_000);
    scene.supervisor.send({ type: 'job.cancelRequested', jobId: 'job-a' });
    scene.cleanUp();
    const waited = scene.recorder.running();
    expect(waited).toMatchObject([{ runId: 'b', waits: { slotMs: 5_000, machineMs: 0 } }]);
    scene.clock.advance(100);
    expect(scene.recorder.running()[0]?.waits.slotMs).toBe(5_000);
  });

  test('for a machine include the login, also when that is tried again', () => {
    const scene = beginRecorded();
    scene.assign('a');
    scene.admit(1);
    scene.take(1, ...PREPARED);
    scene.clock.advance(200);
    scene.stage.the('vmLifecycle').say({ type: 'vm.ready' });
    scene.clock.advance(70);
    scene.stage.the('enterGuest').fail(failure('GUEST_UNREACHABLE', true));
    until(scene, 'enterGuest');
    const pausedMs = signJobLimits.enterPause({ context: { attempts: 1 } } as never);
    scene.clock.advance(30);
    scene.enter();
    scene.clock.advance(1_000);
    expect(scene.recorder.running()).toMatchObject([
      { retries: 1, waits: { machineMs: 200 + 70 + pausedMs + 30 } },
    ]);
  });

  test('for Apple are those for its judgement, and not the uploads; its questions are no retries', () => {
    const scene = signed(beginRecorded(), admittedWith({ staples: ['image'] }));
    scene.take(1_000, 'checkArtifact', 'keepArtifact');
    const { stage, clock } = scene;
    stage.the('findSubmission').answer(null);
    stage.the('submitArtifact').answer({ submissionId: 's-1' });
    clock.advance(700);
    stage.the('uploadArtifact').fail(failure('NETWORK', true));
    until(scene, 'uploadArtifact');
    const uploadedAtMs = clock.nowMs;
    stage.the('uploadArtifact').answer();
    stage.the('recordSubmission').answer();
    clock.advance(100);
    stage.the('askVerdict').answer('inProgress');
    until(scene, 'askVerdict');
    stage.the('askVerdict').answer('accepted');
    stage.the('fetchLog').answer({ issues: [], errorCount: 0, advice: '', summary: '', isForeign: false });
    const judgedAtMs = clock.nowMs;
    stage.the('recordSubmission').answer();
    stage.the('fetchTicket').answer();
    clock.advance(40);
    stage.the('stapleTicket').answer(image);
    scene.take(1_000, 'checkArtifact', 'deliverArtifact');
    const record = scene.only();
    expect(record).toMatchObject({ result: 'succeeded', retries: 1, submissions: ['s-1'] });
    expect(record.waits.appleMs).toBe(judgedAtMs - uploadedAtMs);
    expect(stagesOf(record).map((text) => text.split(' ')[0])).toEqual([
      ...['extracting', 'generating_assets', 'signing', 'packaging', 'notarizing', 'uploading'],
    ]);
  });

  test('for Apple end with a job that is cancelled meanwhile', () => {
    const scene = signed(beginRecorded(), admittedWith({ staples: ['image'] }));
    scene.take(1_000, 'checkArtifact', 'keepArtifact');
    scene.stage.the('findSubmission').answer({ submissionId: 's-1', isUploaded: true });
    scene.clock.advance(3_000);
    scene.supervisor.send({ type: 'job.cancelRequested', jobId: 'job-a' });
    scene.clock.advance(3_000);
    expect(scene.only()).toMatchObject({ result: 'cancelled', waits: { appleMs: 3_000 } });
    scene.cleanUp();
    expect(scene.gone).toMatchObject([{ waits: { appleMs: 3_000 }, submissions: ['s-1'] }]);
  });

  test('for a build to be processed, and for testers to get it, belong to publishing', () => {
    const job = { ...admittedWith({ publishes: true }), afterUpload: { hasNotes: false, hasGroups: true } };
    const scene = signed(beginRecorded(), job);
    scene.take(1_000, 'checkArtifact');
    const { stage, clock } = scene;
    stage.the('findEarlierUpload').answer(null);
    stage.the('findApp').answer('app-1');
    stage.the('checkGroups').answer();
    stage.the('reserveUpload').answer('u-1');
    stage.the('recordUpload').answer();
    stage.the('reserveFile').answer({ fileId: 'f-1', parts: [1] });
    clock.advance(500);
    stage.the('sendParts').answer({ missing: [], hasExpired: false, retryAfterMs: null });
    stage.the('commitFile').answer();
    clock.advance(2_000);
    stage.the('askUpload').answer({ state: 'complete', failure: null, remarks: [] });
    scene.take(1_000, 'deliverArtifact');
    clock.advance(4_000);
    stage.the('askBuild').answer({ state: 'valid', buildId: 'b-1', compliance: 'answered', failure: null });
    stage.the('joinGroups').answer({ remarks: [], needsReview: false });
    const record = scene.only();
    expect(record).toMatchObject({ result: 'succeeded', publishedAs: 'u-1', waits: { appleMs: 6_000 } });
    expect(stagesOf(record).slice(-3)).toEqual(['publishing 2500', 'uploading 1000', 'publishing 4000']);
  });
});

test('both passes are there: two signatures, two artifacts, and the one that is delivered has the bytes', () => {
  const scene = beginRecorded();
  scene.assign('a');
  scene.admit(1_000, admittedBoth());
  scene.machineReady();
  scene.take(1_000, ...PREPARED);
  const second = { ...image, name: 'Tide Clock.pkg', sizeBytes: 8 };
  for (const artifact of [image, second]) {
    scene.stage.the('layOutBundle').answer();
    for (const port of SIGNED.slice(artifact === image ? 1 : 0, -1)) scene.take(1_000, port);
    scene.stage.the('packageArtifact').answer(artifact);
    scene.take(1_000, 'checkArtifact');
  }
  scene.supervisor.send({ type: 'job.cancelRequested', jobId: 'job-a' });
  const record = scene.only();
  expect(stagesOf(record).map((text) => text.split(' ')[0])).toEqual([
    ...['extracting', 'generating_assets', 'signing', 'packaging', 'signing', 'packaging', 'uploading'],
  ]);
  expect(record.artifacts.map(({ name }) => name)).toEqual(['Tide Clock.dmg', 'Tide Clock.pkg']);
  expect(record.bytes.artifact).toBe(7);
});

test('a notarization that is gone on with after a restart is told as such', () => {
  const scene = beginRecorded();
  scene.assign('a');
  scene.admit(1, admittedWith({ staples: ['image'] }));
  scene.take(1, 'downloadBundle', 'inspectBundle', 'checkCredentials');
  scene.stage.the('recallArtifact').answer({ artifact: image, acceptedAs: ['s-0'] });
  scene.supervisor.send({ type: 'job.cancelRequested', jobId: 'job-a' });
  expect(scene.only()).toMatchObject({ isResumed: true, submissions: ['s-0'], artifacts: [image] });
});

describe('a run that ends otherwise', () => {
  test('fails with its code, its cause and its next step, and says at which stage', () => {
    const redact = (text: string) => text.replaceAll('hunter2', '***');
    const scene = signed(beginRecorded({ redact }));
    scene.stage.the('checkArtifact').fail({
      ...failure('ARTIFACT_BROKEN'),
      summary: 'It is\u001b[2J broken:\nhunter2.',
      reason: 'x'.repeat(10_000),
      nextStep: 'Try hunter2 again.',
    });
    expect(scene.only()).toMatchObject({
      ...{ result: 'failed', stage: 'packaging', artifacts: [image] },
      failure: {
        ...{ code: 'ARTIFACT_BROKEN', kind: 'host', summary: 'It is broken: ***.' },
        ...{ reason: 'x'.repeat(2_000), nextStep: 'Try *** again.' },
      },
    });
  });

  test('before it had a slot has no machine and no stage', () => {
    const scene = beginRecorded();
    scene.assign('a');
    scene.clock.advance(20);
    scene.stage.the('admitJob').fail(failure('PLAN_IMPOSSIBLE'));
    expect(scene.only()).toMatchObject({
      ...{ result: 'failed', machine: null, stage: null, stages: [], durationMs: 20, appName: null },
      failure: { code: 'PLAN_IMPOSSIBLE' },
    });
  });

  test('is adopted in between, and answered under the newer assignment', () => {
    const scene = beginRecorded();
    scene.assign('a', 'job-1');
    scene.assign('again', 'job-1');
    scene.admit(5);
    scene.supervisor.send({ type: 'job.cancelRequested', jobId: 'job-1' });
    scene.cleanUp();
    expect(scene.only()).toMatchObject({ runId: 'a', jobId: 'job-1', result: 'cancelled' });
    expect(scene.gone).toHaveLength(1);
  });

  test('is dropped when the hub gives the job to somebody else', () => {
    const scene = signed(beginRecorded());
    scene.hub().say({ type: 'hub.linkLost', reason: 'x', requeuedJobId: 'job-a' });
    scene.hub().say({ type: 'hub.linkUp' });
    scene.stage.the('probeClaim').answer('closed');
    scene.take(1_000, 'checkArtifact');
    scene.clock.advance(10 * 60_000);
    expect(scene.only()).toMatchObject({ result: 'dropped', failure: { code: 'HUB_JOB_NOT_OURS' } });
    scene.cleanUp();
    expect(scene.gone).toHaveLength(1);
  });

  test('goes back to the hub when the daemon is stopped before anything has left this host', () => {
    const scene = signed(beginRecorded());
    scene.supervisor.send({ type: 'drain.requested' });
    scene.supervisor.send({ type: 'shutdown.requested' });
    expect(scene.only()).toMatchObject({ result: 'returned', failure: { code: 'WORKER_STOPPING' } });
    scene.cleanUp();
    expect(scene.gone).toHaveLength(1);
  });

  test('crashes: its owner answers for it, and what is known of it is kept', () => {
    const scene = signed(beginRecorded());
    const [run] = Object.entries(scene.supervisor.actor.getSnapshot().children).flatMap(([id, ref]) =>
      id === 'run.0' ? [ref as { _error(error: unknown): void }] : [],
    );
    run?._error(new Error('a defect'));
    expect(scene.only()).toMatchObject({
      ...{ runId: 'a', result: 'failed', stage: 'packaging', bytes: { bundle: 9, artifact: 7 } },
      failure: { code: 'INTERNAL_ERROR', kind: 'defect' },
    });
    expect(scene.gone).toHaveLength(1);
    expect(scene.recorder.running()).toEqual([]);
  });
});

describe('an assignment without a run', () => {
  test('that cannot be read was not taken', () => {
    const scene = beginRecorded({ factsOf: () => facts });
    scene.clock.advance(1_000);
    const said = { jobId: 'job-1', assignmentId: 'a', failure: failure('MANIFEST_INVALID') };
    scene.hub().say({ type: 'hub.jobMalformed', ...said });
    expect(scene.only()).toMatchObject({
      ...{ runId: 'a', jobId: 'job-1', result: 'notTaken', appName: 'Tide Clock', durationMs: 600 },
      ...{ target: 'macos-sign', failure: { code: 'MANIFEST_INVALID' }, path: [], machine: null },
    });
    expect(scene.gone).toHaveLength(1);
  });

  test('that finds no room in the line was not taken', () => {
    const scene = beginRecorded({}, { maxWaiting: 0 });
    scene.assign('a');
    scene.assign('b');
    expect(scene.only()).toMatchObject({ runId: 'b', result: 'notTaken', failure: { code: 'QUEUE_FULL' } });
    expect(scene.recorder.running().map(({ runId }) => runId)).toEqual(['a']);
  });

  test('that comes during a drain went back to the hub, unless the hub does not take it back', () => {
    const scene = beginRecorded();
    scene.assign('a');
    scene.supervisor.send({ type: 'drain.requested' });
    scene.assign('b');
    scene.assign('c');
    scene.hub().say({ type: 'hub.linkLost', reason: 'closed', requeuedJobId: 'job-c' });
    scene.hub().say({ type: 'hub.linkUp' });
    expect(scene.finished).toEqual([]);
    scene.stage.the('probeReturned').answer(['b']);
    expect(scene.only()).toMatchObject({
      runId: 'c',
      result: 'returned',
      failure: { code: 'WORKER_STOPPING' },
    });
    expect(scene.recorder.running().map(({ runId }) => runId)).toEqual(['a', 'b']);
  });

  test.each([
    ['pause.requested', /has paused it/],
    ['yield.requested', /upgrade/],
  ] as const)('that comes after a %s says why it went back', (type, reason) => {
    const scene = beginRecorded();
    scene.supervisor.send({ type });
    scene.assign('a');
    scene.hub().say({ type: 'hub.linkLost', reason: 'closed', requeuedJobId: 'job-a' });
    // it is told for what it was when it came
    scene.supervisor.send({ type: 'drain.requested' });
    scene.hub().say({ type: 'hub.linkUp' });
    scene.stage.the('probeReturned').answer([]);
    const failure = { code: 'WORKER_NOT_TAKING', reason: expect.stringMatching(reason) };
    expect(scene.only()).toMatchObject({ runId: 'a', result: 'returned', failure });
  });

  test('that is given back in so many words is told once', () => {
    const scene = beginRecorded();
    scene.assign('a');
    scene.supervisor.send({ type: 'drain.requested' });
    scene.supervisor.send({ type: 'shutdown.requested' });
    scene.assign('b');
    scene.hub().say({ type: 'hub.linkLost', reason: 'closed', requeuedJobId: null });
    scene.hub().say({ type: 'hub.linkUp' });
    scene.stage.the('probeReturned').answer(['b']);
    expect(scene.finished.map(({ runId, result }) => `${runId} ${result}`)).toEqual([
      ...['a returned', 'b returned'],
    ]);
  });
});

test('each pause before another attempt is a retry', () => {
  const scene = signed(beginRecorded());
  scene.take(0, 'checkArtifact');
  while (scene.finished.length === 0) {
    until(scene, 'deliverArtifact');
    scene.stage.the('deliverArtifact').fail(failure('HUB_UNAVAILABLE', true));
  }
  expect(scene.only()).toMatchObject({ result: 'failed', retries: 7, stage: 'uploading' });
});

test('of a run without an end its last states are kept', () => {
  const { supervisor, assign } = beginRecorded();
  assign('a');
  const { context } = supervisor.context.runs[0]?.ref.getSnapshot() ?? {};
  const at = (state: string) => {
    const snapshot = { status: 'active', value: { engaged: { work: state, claim: 'valid' } }, context };
    return { snapshot: snapshot as never, event: 'gone.on' };
  };
  const trace = new RunTrace(at('s0'), {}, (text) => text, 0);
  for (let n = 1; n <= 2 * MAX_PATH; n += 1) {
    trace.see(at(`s${n}`), n);
    trace.seeMachine(`m${n}`, 'went.on', n);
  }
  const { path, moves } = jobRecordSchema.parse(trace.record(3_000));
  expect(path).toHaveLength(MAX_PATH);
  const [last, atMs] = [2 * MAX_PATH, 2 * MAX_PATH];
  expect(path.at(-1)).toEqual({ atMs, state: `s${last}` });
  expect([moves.job.length, moves.machine.length]).toEqual([MAX_MOVES, MAX_MOVES]);
  expect(moves.job.at(-1)).toEqual({ atMs, event: 'gone.on', entered: `engaged.work.s${last}` });
  expect(moves.machine.at(-1)).toEqual({ atMs, event: 'went.on', entered: `m${last}` });
});

test('an observer that meets an error says so, and never throws into an actor', () => {
  const scene = beginRecorded({
    factsOf: () => {
      throw new Error('a defect of ours');
    },
  });
  scene.assign('a');
  scene.admit(1);
  expect(scene.faults).not.toEqual([]);
  expect(scene.supervisor.context.runs).toMatchObject([{ runId: 'a', phase: 'working' }]);
});

test('the digest of an artifact is kept as it is', () => {
  const scene = signed(beginRecorded());
  scene.take(1, 'checkArtifact', 'deliverArtifact');
  expect(scene.only().artifacts[0]?.sha256Hex).toBe(SHA256);
});

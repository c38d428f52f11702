import type { AdmittedJob } from '../../machines/contracts/job.ts';
import { notarizationMachine } from '../../machines/notarization/machine.ts';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import type { RecordInput } from '../../machines/sign-job/ports.ts';
import { storeUploadMachine } from '../../machines/store-upload/machine.ts';
import { type SupervisorInput, supervisorMachine } from '../../machines/supervisor/machine.ts';
import { testflightMachine } from '../../machines/testflight/machine.ts';
import { vmPoolMachine } from '../../machines/vm-pool/machine.ts';
import { JobRecorder, type RecorderOptions } from '../../src/history/job-recorder.ts';
import { type JobRecord, jobRecordSchema } from '../../src/history/record.ts';
import { admitted, answers, type StepPort } from '../machines/sign-job-scene.ts';
import { Stage } from '../machines/stage.ts';

export const SHA256 = 'ab'.repeat(32);
export const image = { name: 'Tide Clock.dmg', sizeBytes: 7, sha256Hex: SHA256 };

/** The supervisor and everything below it but for machines, watched by a recorder; every effect is played by the test. */
export function beginRecorded(options: Partial<RecorderOptions> = {}, input: Partial<SupervisorInput> = {}) {
  const stage = new Stage();
  const charts = {
    notarization: stage.fill(notarizationMachine),
    storeUpload: stage.fill(storeUploadMachine),
    testflight: stage.fill(testflightMachine),
  };
  const signJob = stage.fill(signJobMachine, charts as never);
  const vmPool = stage.fill(vmPoolMachine);
  const supervisor = stage.start(stage.fill(supervisorMachine, { signJob, vmPool } as never), {
    ...{ maxConcurrent: 1, image: 'golden', instance: '0a1b2c3d', standbySize: 0 },
    ...input,
  });
  const [progress, finished, gone]: [JobRecord[], JobRecord[], JobRecord[]] = [[], [], []];
  const faults: unknown[] = [];
  /** What is told is what can be read back. */
  const noted = (list: JobRecord[]) => (record: JobRecord) =>
    void list.push(jobRecordSchema.parse(JSON.parse(JSON.stringify(record))));
  const recorder = new JobRecorder({
    factsOf: () => undefined,
    redact: (text) => text,
    onProgress: noted(progress),
    onFinished: noted(finished),
    onGone: noted(gone),
    onFault: (error) => faults.push(error),
    now: () => stage.clock.nowMs,
    ...options,
  });
  supervisor.actor.system.inspect(recorder.observe);
  // the account takes every signature at once
  stage.atOnce.set('recordSignature', ({ artifact: made }: RecordInput) => made);
  stage.the('sweepLeftovers').answer([]);
  const hub = () => stage.the('hubConnection');
  hub().say({ type: 'hub.linkUp' });
  const scene = {
    ...{ stage, clock: stage.clock, supervisor, recorder, progress, finished, gone, faults, hub },
    assign: (assignmentId: string, jobId = `job-${assignmentId}`) =>
      hub().say({ type: 'hub.jobAssigned', jobId, assignmentId }),
    /** Each takes so long; the run has a process at once, and its machine as soon as it is wanted. */
    take: (ms: number, ...ports: readonly (StepPort | 'keepArtifact' | 'recallArtifact')[]) => {
      for (const port of ports) {
        stage.clock.advance(ms);
        stage.the(port).answer(answerOf(port));
        for (const call of stage.open('openRun')) call.answer(scene.job);
        for (const call of stage.open('deliverAhead')) call.fail(new Error('broken off'));
        scene.enter();
      }
    },
    job: admitted as AdmittedJob,
    admit: (ms: number, job: AdmittedJob = admitted) => {
      scene.job = job;
      stage.clock.advance(ms);
      stage.the('admitJob').answer(job);
      for (const call of stage.open('openRun')) call.answer(job);
    },
    machineReady: () => {
      stage.the('vmLifecycle').say({ type: 'vm.ready' });
      scene.enter();
    },
    /** The process of the run logs into its machine at once. */
    enter: () => {
      for (const call of stage.open('enterGuest')) call.answer();
    },
    /** The machine goes, the files go. */
    cleanUp: (outcome: 'deleted' | 'leaked' = 'deleted') => {
      for (const vm of stage.open('vmLifecycle')) vm.answer({ name: vm.input.name, outcome, failure: null });
      stage.the('purgeRun').answer();
    },
    only: (): JobRecord => {
      const [only, ...more] = finished;
      if (!only || more.length > 0) throw new Error(`${finished.length} records`);
      return only;
    },
  };
  return scene;
}

function answerOf(port: string): unknown {
  if (port === 'packageArtifact') return image;
  return port in answers ? answers[port as StepPort] : null;
}

export const PREPARED = [
  'downloadBundle',
  'inspectBundle',
  'checkCredentials',
  'drawIcons',
  'mergeInfoPlist',
] as const;
export const SIGNED = [
  'embedProfile',
  'transferBundle',
  'codesign',
  'takeSignatures',
  'verifySignature',
  'packageArtifact',
] as const;

/** `signing 500`: which stages there were, and how long each took. */
export const stagesOf = ({ stages }: JobRecord): string[] =>
  stages.map(({ stage, durationMs }) => `${stage} ${durationMs}`);
export const pathOf = ({ path }: JobRecord): string[] => path.map(({ state }) => state);

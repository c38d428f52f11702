import { expect } from 'vitest';
import type { AnyEventObject } from 'xstate';
import type {
  AdmittedJob,
  AdmittedPass,
  Conclusion,
  JobNote,
  JobReport,
} from '../../machines/contracts/job.ts';
import type { signJobLimits } from '../../machines/sign-job/limits.ts';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import type { RecordInput } from '../../machines/sign-job/ports.ts';
import { failure } from './samples.ts';
import { recorder, Stage } from './stage.ts';

const direct: AdmittedPass = {
  embedsProfile: true,
  staples: [],
  publishes: false,
  delivers: true,
};
export const admitted: AdmittedJob = {
  target: 'macos-sign',
  appName: 'Tide Clock',
  toolchain: 'portable',
  passes: [direct],
  afterUpload: null,
};
/** A job of one pass that differs so. */
export const admittedWith = (pass: Partial<AdmittedPass>): AdmittedJob => ({
  ...admitted,
  passes: [{ ...direct, ...pass }],
});
/** Developer ID and the Mac App Store. */
export const admittedBoth = (...staples: AdmittedPass['staples']): AdmittedJob => ({
  ...admitted,
  toolchain: 'xcode',
  passes: [
    { ...direct, embedsProfile: false, staples },
    { ...direct, publishes: true, delivers: false },
  ],
});
export const artifact = { name: 'Tide Clock.dmg', sizeBytes: 7, sha256Hex: 'ab' };
export const VM = { name: 'perry-ship-0000-run-1', image: 'golden' };
const bundle = { folderName: 'Tide Clock.app', bundleId: 'org.example.tide', unpackedBytes: 9 };

/** The ports in the order of the work, each with what it answers when it goes well. */
export const answers = {
  admitJob: admitted,
  downloadBundle: undefined,
  inspectBundle: bundle,
  checkCredentials: undefined,
  drawIcons: { hasCatalog: false },
  mergeInfoPlist: undefined,
  embedProfile: undefined,
  transferBundle: undefined,
  codesign: undefined,
  takeSignatures: undefined,
  verifySignature: undefined,
  packageArtifact: artifact,
  checkArtifact: undefined,
  deliverArtifact: undefined,
} as const;
const nothingKept = { recallArtifact: null, keepArtifact: null };
export type StepPort = keyof typeof answers;
export const stepPorts = Object.keys(answers) as StepPort[];

/**
 * One run with every effect, its machine included, played by the test. Unless `sendsAhead`, the upload that begins while
 * the artifact is checked breaks off at once, so that the work is done step by step. The process of the run logs into the
 * machine at once, unless `entersSlowly`; with `recordsAtOnce` the account of signatures takes no time either.
 */
export function beginJob({
  sendsAhead = false,
  entersSlowly = false,
  recordsAtOnce = true,
  limits = {},
}: {
  sendsAhead?: boolean;
  entersSlowly?: boolean;
  recordsAtOnce?: boolean;
  limits?: Partial<Record<keyof typeof signJobLimits, number>>;
} = {}) {
  const stage = new Stage();
  if (recordsAtOnce) stage.atOnce.set('recordSignature', ({ artifact: made }: RecordInput) => made);
  const owner = recorder<JobReport>();
  const started = stage.start(stage.fill(signJobMachine).provide({ delays: limits } as never), {
    runId: 'run-1',
    jobId: 'job-1',
    vm: VM,
    owner: owner.ref,
  });
  /** With a slot, a process that stood by has the job at once; its plan is that of the admission. */
  const job: typeof started = Object.create(started, {
    send: {
      value: (event: AnyEventObject) => {
        started.send(event);
        for (const call of stage.open('openRun')) call.answer(started.context.job);
      },
    },
  });
  const scene = {
    stage,
    clock: stage.clock,
    job,
    owner,
    notes: (): JobNote[] => owner.events.flatMap((event) => (event.type === 'job.noted' ? [event.note] : [])),
    conclusions: () => owner.events.filter((event) => event.type === 'job.concluded'),
    conclusion: (): Conclusion => {
      const [only, ...more] = scene.conclusions();
      expect(more).toEqual([]);
      return (only as Extract<JobReport, { type: 'job.concluded' }>).conclusion;
    },
    answer: (port: StepPort) => {
      stage.the(port).answer(answers[port]);
      if (port === 'admitJob') job.send({ type: 'slot.granted' });
      // asked of jobs for the notary service only, and nothing is there
      for (const call of stage.open()) if (call.port in nothingKept) call.answer(null);
      if (!sendsAhead) scene.breakOff();
      scene.enter();
    },
    enter: () => {
      if (!entersSlowly) for (const call of stage.open('enterGuest')) call.answer();
    },
    /** The upload that was begun ahead. */
    breakOff: () => {
      for (const call of stage.open('deliverAhead')) call.fail(failure('HUB_UNAVAILABLE', true));
    },
    machineReady: () => {
      stage.the('vmLifecycle').say({ type: 'vm.ready' });
      scene.enter();
    },
    machineGone: (outcome: 'deleted' | 'leaked' = 'deleted') =>
      stage.the('vmLifecycle').answer({ name: VM.name, outcome, failure: null }),
    /** Goes on until this port is asked; the machine is ready as soon as it is wanted. */
    goTo: (port: StepPort) => {
      for (const next of stepPorts) {
        if (next === port) return scene;
        scene.answer(next);
        if (next === 'admitJob') scene.machineReady();
      }
      throw new Error(`no way leads to ${port}`);
    },
    /** The machine goes, the files go, the run ends; nothing of it is left. */
    cleanUp: () => {
      for (const vm of stage.open('vmLifecycle')) {
        expect(vm.heard.map(({ type }) => type)).toEqual(['vm.releaseRequested']);
        vm.answer({ name: VM.name, outcome: 'deleted', failure: null });
      }
      const purge = stage.the('purgeRun');
      purge.answer();
      expectOver();
      return purge.input as { runId: string; assignmentIds: string[]; awaitsReceipt: string | null };
    },
  };
  const expectOver = () => {
    expect(job.status).toBe('done');
    expect(stage.open()).toEqual([]);
    expect(job.scheduled).toEqual([]);
    expect(stage.clock.pending).toBe(0);
  };
  return { ...scene, expectOver };
}

export type JobScene = ReturnType<typeof beginJob>;

/** The statecharts alone, in a process with a heap of its own: `node --expose-gc throughput-main.ts JOBS`. */
import { type CallbackLogicFunction, createActor, fromCallback, fromPromise } from 'xstate';
import type { Recipient } from '../../machines/contracts/actors.ts';
import type { HubNews, HubReport } from '../../machines/contracts/hub.ts';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import type { signJobPorts } from '../../machines/sign-job/ports.ts';
import { supervisorMachine } from '../../machines/supervisor/machine.ts';
import { vmLifecycleMachine } from '../../machines/vm-lifecycle/machine.ts';

export interface ThroughputResult {
  readonly jobsPerSecond: number;
  readonly heapPerThousandBytes: number;
}

const [WARM_UP_JOBS, JOBS_IN_HAND] = [500, 4] as const;

const answer = <T>(output: T) => fromPromise<T, never>(async () => output);
const nothing = answer(undefined);

const address = { host: '127.0.0.1', port: 22, user: 'signer', hostKeyFingerprint: 'SHA256:x' };
const vmLifecycle = vmLifecycleMachine.provide({
  actors: {
    cloneVm: nothing,
    runVm: fromCallback(({ sendBack }) => sendBack({ type: 'vm.started' })),
    locateVm: answer(address),
    connectGuest: nothing,
    watchGuest: fromCallback(() => {}),
    stopVm: nothing,
    deleteVm: nothing,
  } as never,
});

const admitted = {
  target: 'macos-sign',
  appName: 'A',
  toolchain: 'portable',
  passes: [
    {
      ...{ embedsProfile: true },
      ...{ staples: [], publishes: false, delivers: true },
    },
  ],
};
const unreached = fromPromise<never, never>(() => Promise.reject(new Error('the plan has no such step')));

/** Every port by name, so that a new one has to be thought of here. */
const signJobSteps: Readonly<Record<keyof typeof signJobPorts, unknown>> = {
  ...{
    recallArtifact: unreached,
    learnToolchain: unreached,
    compileAssets: unreached,
    compileIcon: unreached,
  },
  ...{ layOutBundle: unreached, keepArtifact: unreached, validateStaple: unreached },
  ...{ findEarlierUpload: unreached, probeClaim: unreached, restoreApp: unreached },
  updateBundle: unreached,
  admitJob: answer(admitted),
  enterGuest: nothing,
  openRun: answer(admitted),
  watchRun: fromCallback(() => {}),
  measureRun: nothing,
  downloadBundle: nothing,
  inspectBundle: answer({ folderName: 'A.app', bundleId: 'a', unpackedBytes: 1 }),
  checkCredentials: answer({ used: [] }),
  drawIcons: answer({ hasCatalog: false }),
  mergeInfoPlist: nothing,
  embedProfile: nothing,
  transferBundle: nothing,
  codesign: nothing,
  takeSignatures: nothing,
  verifySignature: nothing,
  packageArtifact: answer({ name: 'a.dmg', sizeBytes: 1, sha256Hex: '0' }),
  recordSignature: answer({ name: 'a.dmg', sizeBytes: 1, sha256Hex: '0' }),
  checkArtifact: nothing,
  deliverAhead: nothing,
  releaseDelivery: nothing,
  deliverArtifact: nothing,
  purgeRun: nothing,
};
const signJob = signJobMachine.provide({ actors: { vmLifecycle, ...signJobSteps } as never });

const progress = { toDo: 0, assigned: 0, succeeded: 0, allDone: () => {} };

/** A hub that always has the next job: a few in hand, the rest when one is done. */
const hub: CallbackLogicFunction<
  { type: 'hub.report'; report: HubReport },
  never,
  { owner: Recipient<HubNews> }
> = ({ input, receive }) => {
  const assign = () => {
    progress.assigned += 1;
    const id = `job-${progress.assigned}`;
    input.owner.send({ type: 'hub.jobAssigned', jobId: id, assignmentId: `run-${progress.assigned}` });
  };
  feed.assign = assign;
  input.owner.send({ type: 'hub.linkUp' });
  receive(({ report }) => {
    if (report.kind !== 'conclusion') return;
    if (report.conclusion.outcome === 'succeeded') progress.succeeded += 1;
    if (progress.assigned < progress.toDo) queueMicrotask(assign);
    if (progress.succeeded === progress.toDo) progress.allDone();
  });
};
const feed = { assign: () => {} };

const supervisor = createActor(
  supervisorMachine.provide({
    actors: { signJob, hubConnection: fromCallback(hub) as never, sweepLeftovers: answer([]) as never },
  }),
  { input: { maxConcurrent: 2, image: 'golden', instance: 'c0ffee00', standbySize: 0 } },
);

async function work(jobs: number): Promise<number> {
  const startedAt = performance.now();
  const done = new Promise<void>((resolve) => {
    progress.allDone = resolve;
  });
  progress.toDo += jobs;
  for (let count = 0; count < JOBS_IN_HAND; count += 1) feed.assign();
  await done;
  return performance.now() - startedAt;
}

async function heapBytes(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

supervisor.start();
await new Promise((resolve) => setImmediate(resolve));
const jobs = Number(process.argv[2] ?? 2_000);
await work(WARM_UP_JOBS);
const before = await heapBytes();
const elapsedMs = await work(jobs);
const heapPerThousandBytes = ((await heapBytes()) - before) / (jobs / 1_000);
const result: ThroughputResult = { jobsPerSecond: jobs / (elapsedMs / 1_000), heapPerThousandBytes };
process.stdout.write(JSON.stringify(result));
process.exit(0);

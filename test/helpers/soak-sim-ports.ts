import type { AdmittedJob } from '../../machines/contracts/job.ts';
import { address, failure } from '../machines/samples.ts';
import { admittedBoth, admittedWith, artifact } from '../machines/sign-job-scene.ts';
import type { Call } from '../machines/stage.ts';
import type { SeededRandom } from './soak-random.ts';
import type { SimHub } from './soak-sim-hub.ts';

/** What goes wrong in a world: the ports that never answer. */
export const troubles = {
  nothing: [],
  stopHangs: ['stopVm'],
  sshIsABlackHole: [
    'connectGuest',
    'enterGuest',
    'transferBundle',
    'codesign',
    'takeSignatures',
    'verifySignature',
    'packageArtifact',
  ],
  uploadStalls: ['deliverAhead', 'deliverArtifact'],
  downloadStalls: ['downloadBundle'],
  cloneHangs: ['cloneVm'],
  bootHangs: ['runVm', 'locateVm'],
  deleteHangs: ['deleteVm'],
  openHangs: ['openRun'],
  purgeHangs: ['purgeRun'],
  allHang: ['stopVm', 'deleteVm', 'purgeRun', 'connectGuest', 'deliverAhead', 'deliverArtifact'],
} as const satisfies Record<string, readonly string[]>;
export type Trouble = keyof typeof troubles;

/** How long each effect takes when it answers, at least and at most, in simulated milliseconds. */
const times: Readonly<Record<string, readonly [number, number]>> = {
  admitJob: [1, 400],
  openRun: [5, 1_500],
  measureRun: [1, 20],
  downloadBundle: [500, 9_000],
  inspectBundle: [50, 3_000],
  checkCredentials: [50, 2_000],
  recallArtifact: [10, 1_000],
  drawIcons: [50, 3_000],
  mergeInfoPlist: [50, 2_000],
  enterGuest: [1, 1_000],
  learnToolchain: [50, 1_000],
  compileAssets: [50, 2_000],
  compileIcon: [50, 1_000],
  layOutBundle: [50, 2_000],
  embedProfile: [50, 2_000],
  transferBundle: [200, 4_000],
  codesign: [500, 9_000],
  takeSignatures: [100, 3_000],
  verifySignature: [200, 4_000],
  packageArtifact: [200, 6_000],
  recordSignature: [5, 3_000],
  checkArtifact: [100, 3_000],
  keepArtifact: [10, 1_000],
  restoreApp: [100, 3_000],
  updateBundle: [50, 3_000],
  notarization: [1_000, 8_000],
  validateStaple: [100, 3_000],
  storeUpload: [1_000, 8_000],
  testflight: [1_000, 8_000],
  // longer than the check, without whose end there is no upload
  deliverAhead: [3_001, 6_000],
  deliverArtifact: [500, 6_000],
  purgeRun: [1, 300],
  cloneVm: [100, 3_000],
  runVm: [50, 500],
  locateVm: [50, 4_000],
  connectGuest: [50, 3_000],
  stopVm: [50, 2_500],
  deleteVm: [50, 1_000],
  probeClaim: [20, 2_000],
  probeAssignments: [20, 2_000],
  probeReturned: [20, 2_000],
  askQueueLength: [20, 2_000],
};
const AT_ONCE = [0, 10] as const;
const FREQUENT = 0.5;

/** Plays every effect but the link: how long it takes, and how it ends. */
export class SimPorts {
  readonly #hub: SimHub;
  readonly #random: SeededRandom;
  readonly #silent: readonly string[];
  /** As they were admitted. */
  readonly #jobs = new Map<string, AdmittedJob>();
  /** Artifacts: no two are the same bytes. */
  #made = 0;
  /** Clones that exist. */
  readonly clones = new Set<string>();

  constructor(hub: SimHub, random: SeededRandom, trouble: Trouble) {
    this.#hub = hub;
    this.#random = random;
    this.#silent = troubles[trouble];
  }

  /** When this call ends; `undefined` when it never does. */
  durationOf({ port, input }: Call): number | undefined {
    if (port === 'cloneVm') this.clones.add(input.name);
    if (port === 'watchGuest' || port === 'watchRun') return undefined;
    // some do, some do not: a black hole can open at any time
    if (this.#silent.includes(port) && this.#random.next() < FREQUENT) return undefined;
    return this.#random.between(...(times[port] ?? AT_ONCE));
  }

  end(call: Call): void {
    const { port, input } = call;
    switch (port) {
      case 'admitJob':
        this.#jobs.set(
          input.runId,
          this.#random.next() < FREQUENT
            ? { ...admittedBoth('app', 'image'), toolchain: null }
            : admittedWith({ embedsProfile: this.#random.next() < FREQUENT }),
        );
        return call.answer(this.#jobs.get(input.runId));
      case 'openRun':
        return call.answer(this.#jobs.get(input.runId));
      case 'recallArtifact':
        return call.answer(null);
      case 'learnToolchain':
        return call.answer('xcode');
      case 'notarization':
        return call.answer({
          ...{ outcome: 'succeeded', submissionId: 's', failure: null },
          artifact: { ...input.artifact, sha256Hex: `${input.artifact.sha256Hex} and its ticket` },
        });
      case 'findEarlierUpload':
        return call.answer(null);
      case 'storeUpload':
        return call.answer({
          outcome: 'published',
          processed: true,
          uploadId: 'u',
          remarks: [],
          failure: null,
        });
      case 'drawIcons':
        return call.answer({ hasCatalog: this.#random.next() < FREQUENT });
      case 'compileAssets':
        return call.answer({ isCompiled: this.#random.next() < FREQUENT });
      case 'downloadBundle':
        return this.#underToken(call, this.#hub.holds(input.assignmentId));
      case 'deliverAhead':
      case 'deliverArtifact':
        return this.#underToken(call, this.#hub.upload(input.assignmentId));
      case 'packageArtifact':
        this.#made += 1;
        return call.answer({ ...artifact, sha256Hex: `made ${this.#made}` });
      case 'recordSignature':
        return call.answer(input.artifact);
      case 'probeClaim':
        return call.answer(this.#hub.holds(input.assignmentId) ? 'open' : 'closed');
      case 'probeAssignments':
        return call.answer({
          asked: input.assignmentIds,
          stillOpen: input.assignmentIds.filter((id: string) => this.#hub.holds(id)),
        });
      case 'probeReturned':
        return call.answer(input.assignmentIds.filter((id: string) => this.#hub.holds(id)));
      case 'askQueueLength':
        return call.answer(this.#hub.ledger.queueLength);
      case 'runVm':
        return call.say({ type: 'vm.started' });
      case 'locateVm':
        return call.answer(address);
      case 'sweepLeftovers':
      case 'findObstacles':
        return call.answer([]);
      case 'sweepLeaks':
        return this.#gone(call, input.names, input.names);
      case 'deleteVm':
        return this.#gone(call, [input.name]);
      default:
        return call.answer();
    }
  }

  #underToken(call: Call, isGood: boolean): void {
    if (isGood) call.answer();
    else call.fail(failure('HUB_JOB_NOT_OURS'));
  }

  #gone(call: Call, names: readonly string[], output?: unknown): void {
    if (call.isOpen) for (const name of names) this.clones.delete(name);
    call.answer(output);
  }
}

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { AnyActorRef } from 'xstate';
import type { BundleSummary } from '../../machines/contracts/job.ts';
import type { VmDriver } from '../../src/adapters/vm/driver.ts';
import type { SignatureFacts } from '../../src/audit/facts.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import type { JobSubmission } from '../../src/embedded-hub/embedded-hub.ts';
import type { Limits } from '../../src/run/limits.ts';
import { hubSteps, type StepTable } from '../../src/run/room/step-table.ts';
import { artifactPlace } from '../../src/run/steps/artifact-place.ts';
import { inProcessRuns } from './in-process-runs.ts';
import { type InstantDriver, instantDriver } from './instant-driver.ts';

export interface InstantDaemonOptions {
  readonly hubUrl: string;
  readonly hubSecret: string;
  readonly stateDir: string;
  readonly limits?: Limits;
  /** Held until then: what a job does with its machine. */
  readonly working?: (jobId: string) => Promise<unknown>;
  readonly writeLog?: (line: string) => void;
  readonly env?: Readonly<Record<string, string>>;
  /** Of real machines, in which each job then does two commands; a machine is nothing but a name when left out. */
  readonly driver?: VmDriver;
}

export interface InstantDaemon {
  readonly daemon: Daemon;
  readonly driver: InstantDriver;
}

const ARTIFACT = 'nothing but a few bytes';
const SHA256 = createHash('sha256').update(ARTIFACT).digest('hex');

/**
 * The real daemon, with its real actors, link, journal and upload; only what would touch a bundle or a machine is done
 * at once: a job is admitted, downloads nothing, and uploads an artifact of a few bytes.
 */
export async function startInstantDaemon(options: InstantDaemonOptions): Promise<InstantDaemon> {
  const { hubUrl, hubSecret, stateDir, limits, writeLog = () => {}, working } = options;
  const driver = instantDriver();
  const env = {
    PERRY_HUB_URL: hubUrl,
    PERRY_HUB_WORKER_SECRET: hubSecret,
    PERRY_WORKER_NAME: 'instant',
    PERRY_VM_DRIVER: 'local',
    PERRY_STATE_DIR: stateDir,
    ...options.env,
  };
  const daemon = await startDaemon({
    ...{ env, driver: options.driver ?? driver, writeLog, forTerminal: false },
    config: loadConfig(env).config,
    signal: new AbortController().signal,
    startRun: inProcessRuns({ steps: instantSteps(working) }),
    ...(limits && { limits }),
  });
  return { daemon, driver };
}

const nothing = async () => {};
const unreached = async (): Promise<never> => {
  throw new Error('a job that is signed ad hoc takes no such step');
};

/** What only jobs with credentials of Apple come to. */
const stepsWithApple = {
  ...{ recallArtifact: unreached, keepArtifact: unreached, validateStaple: unreached },
  ...{ findEarlierUpload: unreached, layOutBundle: unreached },
  ...{ compileAssets: unreached, compileIcon: unreached },
  ...{ restoreApp: unreached, updateBundle: unreached },
  ...{ findSubmission: unreached, submitArtifact: unreached, seekSubmission: unreached },
  ...{ recordSubmission: unreached, forgetSubmission: unreached, uploadArtifact: unreached },
  ...{ askVerdict: unreached, fetchLog: unreached, fetchTicket: unreached, stapleTicket: unreached },
  ...{ findApp: unreached, reserveUpload: unreached, recordUpload: unreached, reserveFile: unreached },
  ...{ sendParts: unreached, commitFile: unreached, askUpload: unreached, findOwnBuild: unreached },
  ...{ checkGroups: unreached, askBuild: unreached, answerCompliance: unreached, writeNotes: unreached },
  ...{ joinGroups: unreached, requestReview: unreached },
};

/** Every step by name, so that a new one has to be thought of here. */
const instantSteps = (working: InstantDaemonOptions['working']): StepTable => {
  return {
    ...stepsWithApple,
    downloadBundle: nothing,
    inspectBundle: async () => BUNDLE,
    checkCredentials: async () => ({ used: [] }),
    drawIcons: async () => ({ hasCatalog: false }),
    mergeInfoPlist: nothing,
    learnToolchain: async () => ({ toolchain: 'portable', refusal: null }),
    embedProfile: nothing,
    transferBundle: nothing,
    codesign: async ({ results, session }, _, { signal }) => {
      await session?.exec('before', { signal });
      await orAborted(signal, working?.(results.jobId));
      await session?.exec('afterwards', { signal });
    },
    takeSignatures: nothing,
    verifySignature: nothing,
    packageArtifact: async ({ results }, { pass }) => {
      const { name, path } = artifactPlace({ results, pass });
      const artifact = { name, sizeBytes: ARTIFACT.length, sha256Hex: SHA256 };
      await writeFile(path, ARTIFACT);
      results.artifacts.set(artifact.name, { ...artifact, path });
      return artifact;
    },
    describeSignature: async () => ({ facts: FACTS }),
    keepProvenance: hubSteps.keepProvenance,
    checkArtifact: nothing,
    deliverAhead: hubSteps.deliverAhead,
    releaseDelivery: hubSteps.releaseDelivery,
    deliverArtifact: hubSteps.deliverArtifact,
  };
};

/** As a real step ends when it is told to. */
function orAborted(signal: AbortSignal, work: Promise<unknown> | undefined): Promise<unknown> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, aborted]);
}

/** A job that is signed ad hoc: no credentials are needed. */
export const instantSubmission = {
  manifest: {
    app_name: 'Instant',
    bundle_id: 'com.example.instant',
    version: '1.0',
    short_version: '1.0',
    entry: 'main.ts',
    targets: ['macos-sign'],
  },
  credentials: {},
  bundle: '/dev/null',
} as const satisfies JobSubmission;

/** Of an app that was signed ad hoc. */
const FACTS: SignatureFacts = {
  platform: 'macos',
  app: { name: 'Instant', bundleId: 'com.example.instant', shortVersion: '1.0', version: '1.0' },
  ...{ builtWith: null, identity: null, installer: null, profile: null, received: null, signed: null },
};

const BUNDLE: BundleSummary = {
  folderName: 'Instant.app',
  bundleId: 'com.example.instant',
  unpackedBytes: 1,
};

/** Every actor below this one, by path. */
export function actorsBelow(actor: AnyActorRef, path = ''): string[] {
  const { children = {} } = actor.getSnapshot() as { children?: Record<string, AnyActorRef> };
  return Object.entries(children).flatMap(([id, child]) => [
    `${path}${id}`,
    ...actorsBelow(child, `${path}${id}/`),
  ]);
}

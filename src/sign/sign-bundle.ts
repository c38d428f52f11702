import { randomUUID } from 'node:crypto';
import { createActor, type OutputFrom } from 'xstate';
import type { AppleIds, Conclusion, JobNote } from '../../machines/contracts/job.ts';
import { provideLoneSigner } from '../actors/lone-signer.ts';
import type { LocalJob } from '../actors/run-steps.ts';
import { untilEnds } from '../actors/until-ends.ts';
import type { Config } from '../config/load.ts';
import { goldenImage } from '../daemon/golden-image.ts';
import { printVmName } from '../domain/vm-name.ts';
import { logEvents } from '../observability/log-events.ts';
import type { LocalBundle, LocalEnds } from '../run/channel/run-setup.ts';
import { LOCAL_JOB_ID } from '../run/run-results.ts';
import type { Services } from '../run/services.ts';
import { driverFor, servicesIn } from './local-services.ts';
import { enterWorkspace, sweepWorkspaces, type Workspace } from './workspace.ts';

export interface SignRequest {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  /** Opens the bundle; what it unpacks goes into this folder, which is gone in the end. */
  readonly open: (dir: string) => Promise<SignInput>;
  readonly onNote: (note: JobNote) => void;
  /** Aborting cancels the job; what it began is undone before the promise settles. */
  readonly signal: AbortSignal;
}

export interface SignInput {
  readonly bundle: LocalBundle;
  /** Property list, base64; takes the place of the entitlements that the compiler put beside the program. */
  readonly entitlementsBase64?: string;
  /** As a hub would send it. */
  readonly manifest: unknown;
  /** As a hub would send it; secret. */
  readonly credentials: unknown;
  readonly artifact: LocalEnds['artifact'];
}

export interface SignOutcome {
  readonly conclusion: Conclusion;
  /** Where the artifact is, when there is one: also when something failed after it. */
  readonly artifactPath?: string;
  /** What Apple calls what it has of the app; absent when the job broke. */
  readonly atApple?: AppleIds;
  /** Name of the machine that could not be deleted, if any; the next call tries again. */
  readonly leakedVm?: string;
}

/**
 * Signs one bundle without a hub: the sign-job of the daemon, in a machine of its own, owned by this call. Nothing is
 * left but the artifact.
 *
 * @throws ShipError what kept the job from beginning · the signal's reason when aborted before it began
 */
export async function signBundle(request: SignRequest): Promise<SignOutcome> {
  const { stateDir } = request.config;
  const workspace = await enterWorkspace(stateDir);
  const left: { vm?: string | undefined; services?: Services } = {};
  try {
    const services = await servicesIn(workspace, request);
    left.services = services;
    services.runs.prepareOne();
    await sweepWorkspaces(stateDir, driverFor(services), request.signal);
    request.signal.throwIfAborted();
    const outcome = await runJob(services, workspace, request);
    left.vm = outcome.leakedVm;
    return outcome;
  } finally {
    await left.services?.runs.close();
    await left.services?.signatures.close();
    // with a machine left behind, the folder stays: the next call finds the machine by it
    if (left.vm === undefined) await workspace.leave();
  }
}

async function runJob(services: Services, workspace: Workspace, request: SignRequest): Promise<SignOutcome> {
  const { onNote, signal } = request;
  const { bundle, entitlementsBase64, manifest, credentials, artifact } = await request.open(workspace.dir);
  const [runId, image] = [randomUUID(), await goldenImage(services.config)];
  await services.driver.checkHost?.(image, { signal });
  services.vault.put(runId, {
    jobId: LOCAL_JOB_ID,
    ...NO_HUB,
    manifest,
    credentials,
    receivedAtMs: Date.now(),
    sizeBytes: 0,
  });
  const delivered: { path?: string } = {};
  const local: LocalJob = {
    ends: {
      bundle,
      artifact,
      ...(entitlementsBase64 !== undefined && { entitlementsBase64 }),
    },
    onDelivered: () => {
      delivered.path = artifact.wanted;
    },
  };
  const actor = createActor(provideLoneSigner(services, local), {
    id: 'lone-signer',
    input: {
      runId,
      jobId: LOCAL_JOB_ID,
      vm: { name: printVmName({ instance: workspace.instance, runId }), image },
    },
    inspect: logEvents(services.logger),
  });
  actor.on('noted', ({ note }) => onNote(note));
  try {
    return outcomeOf(await untilEnds(actor, signal), delivered.path);
  } finally {
    services.vault.settle([runId]);
  }
}

const NO_HUB = { authToken: '', tarballUrl: '', artifactUploadUrl: '' } as const;

type Ended = OutputFrom<ReturnType<typeof provideLoneSigner>>;

function outcomeOf(
  { conclusion, failure, leakedVm, atApple }: Ended,
  artifactPath: string | undefined,
): SignOutcome {
  const broken = failure && ({ outcome: 'failed', failure, stage: null } as const);
  const said = broken ?? conclusion;
  if (!said) throw new Error('the job ended without a word');
  return {
    conclusion: said,
    ...(artifactPath !== undefined && { artifactPath }),
    ...(atApple && { atApple }),
    ...(leakedVm !== null && { leakedVm }),
  };
}

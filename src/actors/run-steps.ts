import { fromCallback, fromPromise } from 'xstate';
import type { AdmittedJob, StepReport, Toolchain } from '../../machines/contracts/job.ts';
import type { GuestStepInput, StepInput } from '../../machines/sign-job/ports.ts';
import type { AnswerOf, InputOf, PortName } from '../run/channel/ports.ts';
import { type ClaimAccess, type LocalEnds, runSettings, type StepCall } from '../run/channel/run-setup.ts';
import { guardedReports } from '../run/host/report-guard.ts';
import type { RunHost } from '../run/host/run-host.ts';
import { guestOf, wayBroken } from '../run/host/watched-guest.ts';
import type { Services } from '../run/services.ts';

/** The ports whose input is that of a plain step. */
type PlainPort = {
  [P in PortName]: StepCall extends InputOf<P> ? P : never;
}[PortName];

type WithToolchain = StepInput & { readonly toolchain?: Toolchain | null };

/** One step, in the process of its run. */
export async function callStep<P extends PlainPort>(
  services: Services,
  port: P,
  input: WithToolchain,
  signal: AbortSignal,
): Promise<AnswerOf<P>> {
  const about = stepCallOf(services, input) as InputOf<P>;
  const onReport = guardedReports((report: StepReport) => input.reportTo.send(report), signal);
  return services.runs.call(input.runId, port, about, { signal, onReport });
}

export const stepCallOf = (
  services: Services,
  { pass, toolchain = null, assignmentId }: WithToolchain,
): StepCall => ({ pass, toolchain, claim: claimFor(services, assignmentId) });

/** Null without a hub. */
function claimFor({ vault }: Services, assignmentId: string): ClaimAccess | null {
  const claim = vault.claim(assignmentId);
  if (!claim || claim.artifactUploadUrl === '') return null;
  const { authToken, tarballUrl, artifactUploadUrl } = claim;
  return { authToken, tarballUrl, artifactUploadUrl };
}

/** A step that works on this host. */
export const stepIn =
  (services: Services) =>
  <P extends PlainPort>(port: P) =>
    fromPromise<AnswerOf<P>, StepInput>(({ input, signal }) => callStep(services, port, input, signal));

/** One attempt to log the process of the run into its machine; done at once when it is logged in already. */
export const enterGuestIn = (services: Services) =>
  fromPromise<void, GuestStepInput>(({ input, signal }) => enterGuest(services, input, signal));

/** A step in the run's machine; one that `enterGuest` does not precede logs in by itself. */
export const guestStepIn =
  (services: Services) =>
  <P extends PlainPort>(port: P, onDone: (answer: AnswerOf<P>) => void = () => {}) =>
    fromPromise<AnswerOf<P>, GuestStepInput>(async ({ input, signal }) => {
      await enterGuest(services, input, signal);
      const answer = await callStep(services, port, input, signal);
      onDone(answer);
      return answer;
    });

/** What a machine can do is known to the jobs that come after, also when it is too little for this one. */
export const learnToolchainIn = (services: Services) =>
  fromPromise<Toolchain, GuestStepInput>(async ({ input, signal }) => {
    await enterGuest(services, input, signal);
    const { toolchain, refusal } = await callStep(services, 'learnToolchain', input, signal);
    services.toolchain.learn(toolchain);
    if (refusal) throw refusal;
    return toolchain;
  });

/** The download, which sends the bundle into the machine on the way, as soon as its process is logged in there. */
export const downloadIn = (services: Services) =>
  fromPromise<void, GuestStepInput>(async ({ input, signal }) => {
    // the end of the process ends it; a first try that fails is made up for before the first step that needs the machine
    const enter = () => void enterGuest(services, input, new AbortController().signal).catch(() => {});
    const stopWaiting = services.guests.onceThere(input.vmName, enter);
    try {
      await callStep(services, 'downloadBundle', input, signal);
    } finally {
      stopWaiting();
    }
  });

/** Our own connection is closed as soon as the process of the run has one. @throws ShipError GUEST_LOST · as `RunHost.enterGuest` */
async function enterGuest(
  { runs, guests }: Services,
  { runId, vmName }: GuestStepInput,
  signal: AbortSignal,
): Promise<void> {
  const guest = guestOf(guests, vmName);
  const access = guest.access();
  if (!access) return;
  const host = runs.get(runId);
  await host.enterGuest(access, signal);
  // ours broke meanwhile: only one that is watched tells the chart when the connection of the run ends
  if (guestOf(guests, vmName) !== guest) throw wayBroken();
  guest.handOver(host.guestLost);
}

/** Without a hub. */
export interface LocalJob {
  readonly ends: LocalEnds;
  /** The artifact is in its place. */
  readonly onDelivered: () => void;
}

/** Hands the artifact to whoever wants it; the account of signatures has it afterwards. */
export const deliverIn = (services: Services, port: 'deliverAhead' | 'deliverArtifact', local?: LocalJob) =>
  fromPromise<void, StepInput>(async ({ input, signal }) => {
    await callStep(services, port, input, signal);
    local?.onDelivered();
    const { runId, pass } = input;
    const sha256Hex = services.signatures.artifactOf(runId, pass)?.sha256Hex;
    if (sha256Hex !== undefined)
      await services.signatures.follow(runId, { kind: 'delivered', to: local ? 'file' : 'hub', sha256Hex });
  });

/** From here on the secrets of the job are in the process of the run, and no longer in this one. */
export const openRunIn = (services: Services, local?: LocalJob) =>
  fromPromise<AdmittedJob, StepInput>(async ({ input, signal }) => {
    const { vault, runs, config, toolchain, audience } = services;
    const { runId } = input;
    const assignment = vault.assignment(runId);
    if (!assignment) throw new Error(`assignment ${runId} is not in the vault`);
    const { jobId, manifest, credentials, authToken } = assignment;
    const job = await runs.open(
      {
        ...{ runId, jobId, manifest, credentials, authToken, audience },
        settings: runSettings(config),
        toolchain: toolchain.certain ?? null,
        folders: services.foldersOf(runId),
        ...(local && { local: local.ends }),
      },
      signal,
    );
    vault.handOver(runId);
    return job;
  });

/** Lives as long as the process is wanted, which is killed in the very moment in which it is not. */
export const watchRunIn = ({ runs }: Services) =>
  fromCallback<{ type: 'never' }, { readonly runId: string }>(({ input, sendBack }) => {
    const host = runs.get(input.runId);
    let isHeard = true;
    void lossOf(host).then((failure) => {
      if (isHeard) sendBack({ type: 'process.ended', failure });
    });
    return () => {
      isHeard = false;
      void host.end();
    };
  });

const lossOf = async ({ lost }: RunHost) => (await lost).failure;

export const measureRunIn = ({ runs }: Services) =>
  fromPromise<void, { readonly runId: string }>(({ input, signal }) => runs.get(input.runId).measure(signal));

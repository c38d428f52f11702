import { createHash } from 'node:crypto';
import type { Artifact } from '../../../machines/contracts/job.ts';
import type { Services } from '../services.ts';
import { type Desk, held } from '../workbench.ts';
import { artifactOf, artifactPlace } from './artifact-place.ts';
import { assignmentOf, materialOf, type StepScope } from './step.ts';

/** What is about to go to the notary service is kept, so that the daemon goes on with it after a restart. */
export async function keepArtifact(scope: StepScope): Promise<void> {
  const { desk, services } = scope;
  const key = keyOf(scope);
  if (key === undefined) return;
  const { path, ...artifact } = artifactOf(scope);
  await services.keptArtifacts.keep(key, artifact, path);
  desk.keptAs = key;
}

/** The artifact that a previous process made of the same job before it was killed; null when there is none. */
export async function recallArtifact(scope: StepScope): Promise<Artifact | null> {
  const { desk, services, report } = scope;
  const key = keyOf(scope);
  if (key === undefined) return null;
  const { name, path } = artifactPlace(scope);
  const artifact = await services.keptArtifacts.takeOut(key, path, scope.signal);
  if (artifact?.name !== name) return null;
  desk.keptAs = key;
  desk.artifacts.set(name, { ...artifact, path });
  report.log('The app was signed before perry-ship was restarted; its notarization goes on.');
  return artifact;
}

/** The run is over, and so is what was kept for a restart. */
export async function clearRun({ workbench, keptArtifacts }: Services, runId: string): Promise<void> {
  const { keptAs, earlyTransfer } = workbench.find(runId) ?? {};
  earlyTransfer?.stop();
  if (keptAs !== undefined) await keptArtifacts.forget(keptAs);
  await workbench.clear(runId);
}

/** The same job, bundle, wishes and identity; `undefined` for a bundle that came from no hub. */
function keyOf(scope: StepScope): string | undefined {
  const { jobId, archiveSha256Hex }: Desk = scope.desk;
  if (archiveSha256Hex === undefined) return undefined;
  const { manifest } = assignmentOf(scope);
  const certificate = materialOf(scope).identity?.certificate.sha256Hex;
  const entitlements = Object.entries(materialOf(scope).entitlements);
  const profile = held(scope.desk, 'credentials').profile?.toString('base64');
  const facts = [jobId, archiveSha256Hex, manifest, certificate, entitlements, profile];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

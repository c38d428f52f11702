import { createHash } from 'node:crypto';
import type { RecalledArtifact } from '../../../machines/contracts/job.ts';
import { notarizes } from '../../domain/plan.ts';
import { need } from '../run-results.ts';
import { artifactOf, artifactPlace } from './artifact-place.ts';
import { materialOf, type StepScope } from './step.ts';

/** What is about to go to the notary service is kept, so that the daemon goes on with it after a restart. */
export async function keepArtifact(
  scope: StepScope,
  acceptedAs: readonly string[],
): Promise<{ readonly keptAs: string | null }> {
  const key = keyOf(scope);
  if (key === undefined) return { keptAs: null };
  const { path, ...artifact } = artifactOf(scope);
  await scope.services.keptArtifacts.keep(key, { artifact, acceptedAs }, path);
  return { keptAs: key };
}

/** What was kept, and under which key. */
export interface Recalled {
  readonly recalled: RecalledArtifact | null;
  readonly keptAs: string | null;
}

const NOTHING_KEPT: Recalled = { recalled: null, keptAs: null };

/** The artifact that a previous process made of the same job before it was killed; null when there is none. */
export async function recallArtifact(scope: StepScope): Promise<Recalled> {
  const { results, services, report } = scope;
  const key = keyOf(scope);
  if (key === undefined) return NOTHING_KEPT;
  const { name, path } = artifactPlace(scope);
  const recalled = await services.keptArtifacts.takeOut(key, path, scope.signal);
  if (recalled?.artifact.name !== name) return NOTHING_KEPT;
  results.artifacts.set(name, { ...recalled.artifact, path });
  report.log('The app was signed before perry-ship was restarted; its notarization goes on.');
  return { recalled, keptAs: key };
}

/** The same job, bundle, wishes and identity; `undefined` where Apple has nothing, and for a bundle that came from no hub. */
function keyOf(scope: StepScope): string | undefined {
  const { jobId, received, sentManifest: manifest } = scope.results;
  if (received?.kind !== 'archive' || !notarizes(need(scope.results, 'plan'))) return undefined;
  const { identity, installer } = materialOf(scope);
  const certificates = [identity, installer].map((one) => one?.certificate.sha256Hex);
  const entitlements = Object.entries(materialOf(scope).entitlements);
  const profile = need(scope.results, 'credentials').profile?.toString('base64');
  const facts = [jobId, received.sha256Hex, manifest, certificates, entitlements, profile];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

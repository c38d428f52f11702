import { type UploadArtifactOptions, uploadArtifact } from '../../adapters/hub/upload.ts';
import { HeldUpload } from '../held-upload.ts';
import { originOf } from '../hub-origin.ts';
import { need } from '../run-results.ts';
import { artifactOf } from './artifact-place.ts';
import { claimOf, type StepScope } from './step.ts';

/** One attempt to hand the artifact to the hub, under the token that is valid now. */
export async function deliverArtifact(scope: StepScope): Promise<void> {
  await uploadArtifact({ ...uploadOf(scope), onProgress: reportTo(scope) });
}

/** The same for an artifact that is being checked: its last bytes leave when `releaseDelivery` is called. */
export async function deliverAhead(scope: StepScope): Promise<void> {
  const held = holdDelivery(scope);
  const report = reportTo(scope);
  await uploadArtifact({
    ...uploadOf(scope),
    released: held.released,
    // until then the user is told of the check
    onProgress: (sentBytes) => held.isReleased && report(sentBytes),
  });
}

/** To be called when every check of the artifact has passed. */
export async function releaseDelivery({ results }: StepScope): Promise<void> {
  need(results, 'heldUpload').release();
}

/** What `releaseDelivery` lets go of from now on. */
export function holdDelivery({ results }: StepScope): HeldUpload {
  results.heldUpload = new HeldUpload();
  return results.heldUpload;
}

function uploadOf(scope: StepScope): UploadArtifactOptions {
  const { results, services, signal } = scope;
  const { artifactUploadUrl: url, authToken: token } = claimOf(scope);
  const { path, name, sizeBytes, sha256Hex } = artifactOf(scope);
  const target = need(results, 'plan').platform === 'ios' ? 'ios-sign' : 'macos-sign';
  const origin = originOf(services.config);
  return { url, token, origin, path, name, sha256Hex, sizeBytes, target, signal };
}

const reportTo = (scope: StepScope) => {
  const { sizeBytes } = artifactOf(scope);
  const { report } = scope;
  return (sentBytes: number): void => {
    report.progress((sentBytes / sizeBytes) * 99);
    report.moved(sentBytes, sizeBytes);
  };
};

import { uploadArtifact } from '../../adapters/hub/upload.ts';
import { originOf } from '../hub-origin.ts';
import { need } from '../run-results.ts';
import { artifactOf } from './artifact-place.ts';
import { claimOf, type StepScope } from './step.ts';

/** One attempt to hand the artifact to the hub, under the token that is valid now. */
export async function deliverArtifact(scope: StepScope): Promise<void> {
  const { results, services, signal, report } = scope;
  const claim = claimOf(scope);
  const { path, name, sizeBytes, sha256Hex } = artifactOf(scope);
  await uploadArtifact({
    url: claim.artifactUploadUrl,
    token: claim.authToken,
    origin: originOf(services.config),
    path,
    name,
    sha256Hex,
    sizeBytes,
    target: need(results, 'plan').platform === 'ios' ? 'ios-sign' : 'macos-sign',
    signal,
    onProgress: (sentBytes) => {
      report.progress((sentBytes / sizeBytes) * 99);
      report.moved(sentBytes, sizeBytes);
    },
  });
}

import { uploadArtifact } from '../../adapters/hub/upload.ts';
import { held } from '../workbench.ts';
import { artifactOf } from './artifact-place.ts';
import { originOf } from './download-bundle.ts';
import type { StepScope } from './step.ts';

/** One attempt to hand the artifact to the hub, under the token that is valid now. */
export async function deliverArtifact(scope: StepScope): Promise<void> {
  const { desk, services, assignmentId, signal, report } = scope;
  const claim = services.vault.claim(assignmentId);
  if (!claim) throw new Error(`assignment ${assignmentId} is not in the vault`);
  const { path, name, sizeBytes, sha256Hex } = artifactOf(scope);
  await uploadArtifact({
    url: claim.artifactUploadUrl,
    token: claim.authToken,
    origin: originOf(services),
    path,
    name,
    sha256Hex,
    sizeBytes,
    target: held(desk, 'plan').platform === 'ios' ? 'ios-sign' : 'macos-sign',
    signal,
    onProgress: (sentBytes) => {
      report.progress((sentBytes / sizeBytes) * 99);
      report.moved(sentBytes, sizeBytes);
    },
  });
}

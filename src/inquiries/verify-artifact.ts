import type { VerifyCall } from '../run/channel/inquiries.ts';
import type { ArtifactReport } from '../verify/report.ts';
import { verifyArtifact } from '../verify/verify-artifact.ts';

/** What is inside an artifact, and whether every seal holds. @throws ShipError as `verifyArtifact` */
export function verify({ path, scratchDir }: VerifyCall, signal: AbortSignal): Promise<ArtifactReport> {
  process.env.TMPDIR = scratchDir;
  return verifyArtifact(path, { signal });
}

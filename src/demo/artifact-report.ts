import type { StoredArtifact } from '../embedded-hub/embedded-hub.ts';
import { renderContent } from '../verify/text.ts';
import { verifyArtifact } from '../verify/verify-artifact.ts';

/** What the artifact says of itself, read back from its bytes alone. */
export interface ArtifactReport {
  readonly lines: readonly string[];
  /** Everything that does not hold; empty for a good artifact. */
  readonly findings: readonly string[];
}

/** Takes an artifact apart as a stranger would, and checks every seal in it. */
export async function reportArtifact({ path }: StoredArtifact, signal: AbortSignal): Promise<ArtifactReport> {
  const report = await verifyArtifact(path, { signal });
  return {
    lines: renderContent(report),
    findings: report.findings.map((finding) => `${finding.path}: ${finding.message}`),
  };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBundle } from '../adapters/archive/find-bundle.ts';
import { unpackBundleFile } from '../adapters/archive/unpack-bundle.ts';
import { checkSignature } from '../adapters/code-signature/check-signature.ts';
import { checkSealedBundle, type SealReport } from '../adapters/code-signature/sealed-bundle.ts';
import { extractDmg } from '../adapters/dmg/read.ts';
import type { StoredArtifact } from '../embedded-hub/embedded-hub.ts';

/** What the artifact says of itself, read back from its bytes alone. */
export interface ArtifactReport {
  readonly lines: readonly string[];
  /** Everything that does not hold; empty for a good artifact. */
  readonly findings: readonly string[];
}

/** Takes an artifact apart as a stranger would, and checks every seal in it. */
export async function reportArtifact(artifact: StoredArtifact, signal: AbortSignal): Promise<ArtifactReport> {
  const folder = await mkdtemp(join(tmpdir(), 'perry-artifact-'));
  try {
    return artifact.name.endsWith('.dmg')
      ? await reportDmg(artifact.path, folder, signal)
      : await reportIpa(artifact.path, folder, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function reportDmg(path: string, folder: string, signal: AbortSignal): Promise<ArtifactReport> {
  const image = await checkSignature(path, { signal });
  await extractDmg(path, folder, { signal });
  const app = await reportApp(folder, 'macos-sign', signal);
  const [signature] = image.signatures;
  return {
    lines: [...app.lines, `image: ${signature ? signedBy(signature) : 'not signed'}`],
    findings: [...image.findings.map(({ message }) => message), ...app.findings],
  };
}

async function reportIpa(path: string, folder: string, signal: AbortSignal): Promise<ArtifactReport> {
  await unpackBundleFile(path, folder, { signal });
  return reportApp(folder, 'ios-sign', signal);
}

async function reportApp(
  folder: string,
  target: 'macos-sign' | 'ios-sign',
  signal: AbortSignal,
): Promise<ArtifactReport> {
  const { appPath, folderName } = await findBundle(folder, target);
  const seal = await checkSealedBundle(appPath, { signal });
  return {
    lines: appLines(folderName, seal),
    findings: seal.findings.map(({ message, path }) => `${path}: ${message}`),
  };
}

function appLines(folderName: string, seal: SealReport): string[] {
  return (seal.mainExecutable?.signatures ?? []).flatMap((signature) => [
    `${folderName} (${signature.architecture}): ${signature.identifier}, ${signedBy(signature)}`,
    `cdhash ${signature.cdHash}${signature.hardenedRuntime ? ', hardened runtime' : ''}`,
  ]);
}

type Signature = NonNullable<SealReport['mainExecutable']>['signatures'][number];

function signedBy({ adHoc, cms, teamId }: Signature): string {
  if (adHoc || !cms) return 'ad hoc';
  const stamped = cms.timestamp ? 'with a secure time stamp' : 'without a time stamp';
  return `signed by "${cms.signer?.commonName ?? 'nobody'}"${teamId ? `, team ${teamId}` : ''}, ${stamped}`;
}

import type { Artifact } from '../../../machines/contracts/job.ts';
import type { FileDigest } from '../../files/disk/digested-file.ts';
import { artifactPlace, isImageOurs } from './artifact-place.ts';
import { packAppleDmg } from './package-apple-dmg.ts';
import { packDmg } from './package-dmg.ts';
import { packIpa } from './package-ipa.ts';
import { packPkg } from './package-pkg.ts';
import { packZip, signedApp } from './package-zip.ts';
import { type GuestStepScope, passOf } from './step.ts';

/** The signed bundle as one file, its digest taken while it is made. */
export async function packageArtifact(scope: GuestStepScope): Promise<Artifact> {
  const { name, path } = artifactPlace(scope);
  const { sizeBytes, sha256Hex, ...elsewhere } = await pack(scope, path);
  scope.results.artifacts.set(name, { name, path, ...elsewhere, sizeBytes, sha256Hex });
  return { name, sizeBytes, sha256Hex };
}

/** @returns with a path when the artifact is not where it was to be made */
function pack(scope: GuestStepScope, path: string): Promise<FileDigest & { readonly path?: string }> {
  const { container } = passOf(scope);
  const { format } = scope.results;
  if (format === 'app') return signedApp(scope);
  if (format === 'zip') return packZip(scope, path);
  if (container === 'ipa') return packIpa(scope, path);
  if (container === 'pkg') return packPkg(scope, path);
  return isImageOurs(scope) ? packDmg(scope, path) : packAppleDmg(scope, path);
}

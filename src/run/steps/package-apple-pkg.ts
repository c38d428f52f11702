import { getFile } from '../../adapters/guest/transfer.ts';
import { buildProductArchive, checkPackageSignature } from '../../adapters/xcode/index.ts';
import { defaultUnpackLimits } from '../../files/archive/limits.ts';
import type { FileDigest } from '../../files/disk/digested-file.ts';
import { need } from '../run-results.ts';
import { guestPackagePath, signPackage } from './installer-package.ts';
import { crossCheck } from './second-opinion.ts';
import { type GuestStepScope, installerOf, passOf } from './step.ts';

/**
 * productbuild makes the package of the signed app in the guest, and rcodesign signs it, because productsign wants its
 * identity in a keychain.
 */
export async function packAppleProduct(scope: GuestStepScope, path: string): Promise<FileDigest> {
  const { results, session, signal, report } = scope;
  const appPath = need(results, 'guestAppPath');
  const packagePath = guestPackagePath(appPath);
  await buildProductArchive(session, { appPath, packagePath, signal });
  report.progress(30);
  await signPackage(scope, packagePath);
  const ask = () => checkPackageSignature(session, { packagePath, signal });
  const identity = installerOf(scope);
  await crossCheck({ tool: 'pkgutil', subject: 'the installer package', ask, identity }, report);
  report.progress(50);
  if (passOf(scope).notarizes) results.guestImagePath = packagePath;
  const maxBytes = defaultUnpackLimits.maxUnpackedBytes;
  const { sizeBytes, sha256Hex } = await getFile(session, {
    remotePath: packagePath,
    destPath: path,
    maxBytes,
    signal,
  });
  report.progress(70);
  return { sizeBytes, sha256Hex };
}

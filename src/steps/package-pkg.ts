import { dirname } from 'node:path/posix';
import { defaultUnpackLimits } from '../adapters/archive/limits.ts';
import type { FileDigest } from '../adapters/files/digested-file.ts';
import { signInGuest } from '../adapters/rcodesign/sign.ts';
import { getFile } from '../adapters/vm/transfer.ts';
import { buildProductArchive, checkPackageSignature } from '../adapters/xcode/index.ts';
import { timestampUrlOf, withPem } from './codesign.ts';
import { heedOpinion } from './second-opinion.ts';
import type { GuestStepScope } from './step.ts';
import { held } from './workbench.ts';

/**
 * The installer package that the Mac App Store wants: productbuild makes it of the signed app, and rcodesign signs it,
 * because productsign wants its identity in a keychain.
 */
export async function packPkg(scope: GuestStepScope, path: string): Promise<FileDigest> {
  const { desk, session, signal, report } = scope;
  const appPath = held(desk, 'guestAppPath');
  const packagePath = `${appPath.replace(/\.app$/, '')}.pkg`;
  await buildProductArchive(session, { appPath, packagePath, signal });
  report.progress(30);
  await signPackage(scope, packagePath);
  report.progress(50);
  const maxBytes = defaultUnpackLimits.maxUnpackedBytes;
  const { sizeBytes, sha256Hex } = await getFile(session, {
    remotePath: packagePath,
    destPath: path,
    maxBytes,
    signal,
  });
  return { sizeBytes, sha256Hex };
}

async function signPackage(scope: GuestStepScope, packagePath: string): Promise<void> {
  const { desk, session, signal, report } = scope;
  const identity = held(desk, 'installer');
  await withPem(identity, async (pem) => {
    const { warnings } = await signInGuest(
      session,
      {
        remotePath: packagePath,
        workDir: dirname(packagePath),
        hardenedRuntime: false,
        timestampUrl: timestampUrlOf(scope),
        ...(pem && { pem }),
      },
      { signal },
    );
    for (const warning of warnings) report.log(warning);
  });
  const ask = () => checkPackageSignature(session, { packagePath, signal });
  await heedOpinion({ tool: 'pkgutil', subject: 'the installer package', ask, identity }, report);
}

import { join } from 'node:path';
import { dirname } from 'node:path/posix';
import { altered, readingAltered } from '../../adapters/guest/altered.ts';
import { getFile } from '../../adapters/guest/transfer.ts';
import { signInGuest } from '../../adapters/rcodesign/sign.ts';
import { buildProductArchive, checkPackageSignature } from '../../adapters/xcode/index.ts';
import { defaultUnpackLimits } from '../../files/archive/limits.ts';
import type { FileDigest } from '../../files/disk/digested-file.ts';
import { listTree } from '../../files/disk/tree.ts';
import { packageContentChange } from '../../files/xar/same-content.ts';
import { need } from '../run-results.ts';
import { withPem } from './codesign.ts';
import { crossCheck } from './second-opinion.ts';
import type { GuestStepScope } from './step.ts';
import { withTimestampUrl } from './timestamps.ts';

/** Where productbuild is told to install the app. */
const INSTALL_LOCATION = '/Applications';

/**
 * The installer package that the Mac App Store wants: productbuild makes it of the signed app, and rcodesign signs it,
 * because productsign wants its identity in a keychain.
 */
export async function packPkg(scope: GuestStepScope, path: string): Promise<FileDigest> {
  const { results, session, signal, report } = scope;
  const appPath = need(results, 'guestAppPath');
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
  report.progress(70);
  await requireOurContent(scope, path);
  return { sizeBytes, sha256Hex };
}

/** The package must install the app that was checked here, and run nothing: the guest could have changed either. */
async function requireOurContent({ results, signal }: GuestStepScope, path: string): Promise<void> {
  const { appPath, folderName } = need(results, 'found');
  const entries = (await listTree(appPath)).map((entry) => ({
    ...entry,
    mode: readableByAll(entry.mode),
    path: `${folderName}/${entry.path}`,
    source: join(appPath, entry.path),
  }));
  const app = { path: folderName, type: 'directory' as const, mode: 0o755, sizeBytes: 0 };
  const change = await readingAltered('the installer package', async () =>
    packageContentChange(path, {
      bundleId: need(results, 'facts').bundleId,
      installLocation: INSTALL_LOCATION,
      entries: [app, ...entries],
      signal,
    }),
  );
  if (change !== undefined) throw altered('the installer package', change);
}

/** As the files are made before they are packed: the store refuses what only root can read. */
const readableByAll = (mode: number): number => mode | (mode & 0o111 ? 0o555 : 0o444);

async function signPackage(scope: GuestStepScope, packagePath: string): Promise<void> {
  const { results, session, signal, report } = scope;
  const identity = need(results, 'installer');
  const { warnings } = await withPem(identity, (pem) =>
    withTimestampUrl(scope, (timestampUrl) =>
      signInGuest(
        session,
        {
          remotePath: packagePath,
          workDir: dirname(packagePath),
          hardenedRuntime: false,
          timestampUrl,
          ...(pem && { pem }),
        },
        { signal },
      ),
    ),
  );
  for (const warning of warnings) report.log(warning);
  const ask = () => checkPackageSignature(session, { packagePath, signal });
  await crossCheck({ tool: 'pkgutil', subject: 'the installer package', ask, identity }, report);
}

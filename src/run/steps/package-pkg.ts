import { join } from 'node:path';
import { altered, readingAltered } from '../../adapters/guest/altered.ts';
import type { FileDigest } from '../../files/disk/digested-file.ts';
import { listTree } from '../../files/disk/tree.ts';
import { readableByAll } from '../../files/flat-package/payload.ts';
import { packageContentChange } from '../../files/xar/same-content.ts';
import { need } from '../run-results.ts';
import { INSTALL_LOCATION } from './installer-package.ts';
import { packAppleProduct } from './package-apple-pkg.ts';
import { packOurProduct } from './package-our-pkg.ts';
import type { GuestStepScope } from './step.ts';

/** An installer package of the signed app: by Apple's productbuild where the machine has it, else by our own writer. */
export async function packPkg(scope: GuestStepScope, path: string): Promise<FileDigest> {
  const digest = await (scope.toolchain === 'xcode' ? packAppleProduct : packOurProduct)(scope, path);
  await requireOurContent(scope, path);
  return digest;
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

import { chmod, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompiledAssets } from '../../../machines/contracts/job.ts';
import { altered } from '../../adapters/guest/altered.ts';
import { getFile, putTree } from '../../adapters/guest/transfer.ts';
import { compileAssetCatalog } from '../../adapters/xcode/index.ts';
import { joined } from '../../domain/bundle/nested-places.ts';
import { publishes } from '../../domain/plan.ts';
import { ShipError } from '../../errors.ts';
import { plainPath } from '../../files/bundle/plain-file.ts';
import { withSignedFile } from '../../files/code-signature/signed-file.ts';
import { need } from '../run-results.ts';
import { catalogTarget, noteCatalog } from './catalog-target.ts';
import { guestFolder } from './guest-folder.ts';
import type { GuestStepScope } from './step.ts';

const CATALOG = 'Assets.car';
const CATALOG_MAGIC = 'BOMStore';
const MAX_CATALOG_BYTES = 64 * 1024 * 1024;

/**
 * The icon as a compiled catalog: actool makes it in the guest, and only the catalog itself is taken from there. Loose
 * icons were drawn here of the same picture, and so was said in Info.plist what they are called. What goes to the store
 * is refused when actool has a fault to find with the icon; anything else can do with a catalog of our own.
 */
export async function compileAssets(scope: GuestStepScope): Promise<CompiledAssets> {
  const { results, report } = scope;
  try {
    await compile(scope);
    return { isCompiled: true };
  } catch (error) {
    const isBearable = error instanceof ShipError && error.code === 'ASSET_CATALOG_FAILED';
    if (!isBearable || publishes(need(results, 'plan'))) throw error;
    report.log(`The icon is compiled without Apple's tools, because actool did not: ${error.message}`);
    return { isCompiled: false };
  }
}

async function compile(scope: GuestStepScope): Promise<void> {
  const { results, session, signal, report } = scope;
  const folder = await guestFolder(scope, 'assets');
  const [catalogDir, outputDir] = [`${folder}/Assets.xcassets`, `${folder}/compiled`];
  await putTree(session, { sourceDir: need(results, 'catalogPath'), remoteDir: catalogDir, signal });
  const compiled = await compileAssetCatalog(session, {
    ...{ catalogDir, outputDir, signal },
    ...(await catalogTarget(results)),
  });
  for (const remark of compiled.remarks) report.log(remark);
  await takeCatalog(scope, outputDir);
  noteCatalog(results);
}

async function takeCatalog({ results, session, signal }: GuestStepScope, remoteDir: string): Promise<void> {
  const { appPath } = need(results, 'found');
  const destPath = join(results.dir, CATALOG);
  const remotePath = `${remoteDir}/${CATALOG}`;
  await getFile(session, { remotePath, destPath, maxBytes: MAX_CATALOG_BYTES, signal });
  const head = await withSignedFile(destPath, (file) =>
    file.read(0, Math.min(file.sizeBytes, CATALOG_MAGIC.length)),
  );
  if (head.toString('latin1') !== CATALOG_MAGIC)
    throw altered('the compiled asset catalog', 'It is no asset catalog.');
  await chmod(destPath, 0o644);
  await rename(destPath, await plainPath(appPath, joined(need(results, 'facts').resources, CATALOG)));
}

import { lstat, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { readInfoPlist } from '../adapters/bundle/index.ts';
import { plainPath } from '../adapters/bundle/plain-file.ts';
import { getFiles, putTree } from '../adapters/vm/transfer.ts';
import { type CompiledCatalog, compileAssetCatalog } from '../adapters/xcode/index.ts';
import { isOsVersion } from '../domain/bundle/index.ts';
import { joined } from '../domain/bundle/nested-places.ts';
import { publishes } from '../domain/plan.ts';
import { stringAt } from '../domain/plist/index.ts';
import { ShipError } from '../errors.ts';
import { guestFolder } from './guest-folder.ts';
import { mergeInfoPlist } from './merge-info-plist.ts';
import type { GuestStepScope } from './step.ts';
import { held } from './workbench.ts';

/** Nothing else is taken out of the guest, whatever it says that actool made. */
const WANTED = /^(Assets\.car|AppIcon[\w@~.]*\.(png|icns))$/;
const MAX_FILES = 64;
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** For an app that names no oldest system. */
const OLDEST_SYSTEM = { ios: '15.0', macos: '11.0' } as const;
const MINIMUM_KEYS = { ios: 'MinimumOSVersion', macos: 'LSMinimumSystemVersion' } as const;

/**
 * The icon as a compiled catalog: actool makes it in the guest. What it says about itself goes into Info.plist. Without
 * the catalog only the store refuses an app.
 */
export async function compileAssets(scope: GuestStepScope): Promise<void> {
  const { desk, report } = scope;
  try {
    await compile(scope);
  } catch (error) {
    const isBearable = error instanceof ShipError && error.code === 'ASSET_CATALOG_FAILED';
    if (!isBearable || publishes(held(desk, 'plan'))) throw error;
    report.log(`The icon has no compiled asset catalog: ${error.message}`);
  }
}

async function compile(scope: GuestStepScope): Promise<void> {
  const { desk, session, signal, report } = scope;
  const folder = await guestFolder(scope, 'assets');
  const [catalogDir, outputDir] = [`${folder}/Assets.xcassets`, `${folder}/compiled`];
  await putTree(session, { sourceDir: held(desk, 'catalogPath'), remoteDir: catalogDir, signal });
  const compiled = await compileAssetCatalog(session, {
    ...{ catalogDir, outputDir, signal },
    ...(await targetOf(scope)),
  });
  for (const remark of compiled.remarks) report.log(remark);
  await takeOver(scope, outputDir, compiled);
  desk.facts = { ...held(desk, 'facts'), hasAssetsCar: true };
  desk.icons = compiled.partialInfo;
  await mergeInfoPlist(scope);
}

async function targetOf({ desk }: GuestStepScope) {
  const facts = held(desk, 'facts');
  const { platform, deviceFamilies } = facts;
  const info = await readInfoPlist(held(desk, 'found').appPath, facts);
  const claimed = stringAt(info, MINIMUM_KEYS[platform]);
  const minimumOs =
    claimed !== undefined && isOsVersion(claimed) ? claimed : (facts.minimumOs ?? OLDEST_SYSTEM[platform]);
  const isFor = (family: number) => deviceFamilies.length === 0 || deviceFamilies.includes(family);
  const families = [...(isFor(1) ? ['iphone' as const] : []), ...(isFor(2) ? ['ipad' as const] : [])];
  return { platform, minimumOs, deviceFamilies: families };
}

/** Only what is not there yet: the loose icons in the bundle were drawn here from the same picture. */
async function takeOver(
  { desk, session, signal }: GuestStepScope,
  remoteDir: string,
  { files }: CompiledCatalog,
): Promise<void> {
  const { appPath } = held(desk, 'found');
  const destDir = join(desk.dir, 'compiled');
  await mkdir(destDir, { recursive: true, mode: 0o700 });
  const paths = files.filter((name) => WANTED.test(name));
  const limits = { maxFiles: MAX_FILES, maxFileBytes: MAX_FILE_BYTES, maxTotalBytes: 2 * MAX_FILE_BYTES };
  await getFiles(session, { remoteDir, paths, destDir, limits, signal });
  for (const name of paths) {
    const target = await plainPath(appPath, joined(held(desk, 'facts').resources, name));
    if (!(await exists(target))) await rename(join(destDir, name), target);
  }
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

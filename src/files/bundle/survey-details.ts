import { join } from 'node:path';
import { notSignedAgain } from '../../domain/bundle/code-checks.ts';
import type { BundleSurvey, Picture } from '../../domain/bundle/index.ts';
import { isProgramKind, joined } from '../../domain/bundle/nested-places.ts';
import { shown } from '../../domain/bundle/shown.ts';
import { unwritableKey } from '../../domain/entitlements/index.ts';
import { PNG_HEAD_BYTES, pngHasAlpha, pngSize } from '../../domain/icons/index.ts';
import { ShipError } from '../../errors.ts';
import { type PlistDict, stringAt } from '../../formats/plist/index.ts';
import { readExistingEntitlements } from '../code-signature/existing-entitlements.ts';
import { pictureFault } from '../icons/image.ts';
import { readCatalogFaults } from './catalog-faults.ts';
import type { Faults } from './faults.ts';
import { readIcnsTypes } from './icns-types.ts';
import { readSidecarEntitlements } from './leftovers.ts';
import { readPlainFile } from './plain-file.ts';
import { readPrivacyManifests } from './privacy-manifests.ts';
import type { ReadingBudget } from './reading-budget.ts';

/** Pictures that an icon is drawn from, as the compiler names them. */
const PICTURES = ['Icon-1024.png', 'AppIcon.png', 'icon.png'];
const MAX_PICTURE_BYTES = 32 * 1024 * 1024;
const MAX_PROFILE_BYTES = 1024 * 1024 + 1;

type Details = Pick<
  BundleSurvey,
  | 'pictures'
  | 'catalogFaults'
  | 'icnsTypes'
  | 'nestedProfiles'
  | 'sidecar'
  | 'existingEntitlements'
  | 'privacyManifests'
>;

interface Reading {
  readonly faults: Faults;
  readonly budget: ReadingBudget;
}

/** What lies inside of single files of the bundle, and is needed only to judge it. */
export async function readDetails(appPath: string, found: BundleSurvey, reading: Reading): Promise<Details> {
  const { faults, budget } = reading;
  const sidecar = await faults.attemptAsync(() => readSidecarEntitlements(appPath));
  const icnsTypes = await readIcon(appPath, found);
  return {
    pictures: await readPictures(appPath, found),
    catalogFaults: await readCatalogFaults(appPath, found),
    ...(icnsTypes && { icnsTypes }),
    nestedProfiles:
      (await faults.attemptAsync(() => readNestedProfiles(appPath, found, budget))) ?? new Map(),
    ...(sidecar && { sidecar }),
    privacyManifests:
      (await faults.attemptAsync(() => readPrivacyManifests(appPath, found.files, budget))) ?? [],
    existingEntitlements:
      (await faults.attemptAsync(() => readEntitlements(appPath, found, reading))) ?? new Map(),
  };
}

async function readPictures(appPath: string, { layout, files }: BundleSurvey): Promise<Picture[]> {
  const folders = [...new Set([layout?.resources ?? '', ''])];
  const paths = folders.flatMap((folder) => PICTURES.map((name) => joined(folder, name)));
  const pictures: Picture[] = [];
  for (const path of paths.filter((candidate) => files.has(candidate))) {
    const bytes = (await readPlainFile(appPath, path, MAX_PICTURE_BYTES + 1)) ?? Buffer.alloc(0);
    const size = pngSize(bytes.subarray(0, PNG_HEAD_BYTES));
    const fault = await faultOfPicture(bytes);
    pictures.push({
      path,
      ...(size && { size }),
      ...(fault !== undefined && { fault }),
      hasAlpha: pngHasAlpha(bytes.subarray(0, PNG_HEAD_BYTES)),
    });
  }
  return pictures;
}

/** As the drawing of icons sees it, which comes later: what it cannot use has to be said now. */
const faultOfPicture = async (bytes: Buffer): Promise<string | undefined> =>
  bytes.length > MAX_PICTURE_BYTES
    ? `it is larger than ${MAX_PICTURE_BYTES} bytes`
    : await pictureFault(bytes);

async function readIcon(
  appPath: string,
  { info, layout, files }: BundleSurvey,
): Promise<string[] | undefined> {
  const name = info && stringAt(info, 'CFBundleIconFile');
  if (!name || !layout) return undefined;
  const path = [name, `${name}.icns`].map((file) => joined(layout.resources, file)).find((p) => files.has(p));
  return path === undefined ? undefined : readIcnsTypes(join(appPath, path));
}

async function readNestedProfiles(
  appPath: string,
  { nested }: BundleSurvey,
  budget: ReadingBudget,
): Promise<ReadonlyMap<string, Buffer>> {
  const profiles = new Map<string, Buffer>();
  for (const { embeddedProfile } of nested) {
    const bytes = embeddedProfile && (await readPlainFile(appPath, embeddedProfile, MAX_PROFILE_BYTES));
    budget.spendBytes(bytes ? bytes.length : 0);
    if (embeddedProfile && bytes) profiles.set(embeddedProfile, bytes);
  }
  return profiles;
}

/** Of everything that is a program of its own; libraries may not have any that are in the way of a new signature. */
async function readEntitlements(
  appPath: string,
  { executable, nested, code }: BundleSurvey,
  { faults, budget }: Reading,
): Promise<ReadonlyMap<string, PlistDict>> {
  const programs = new Set([
    ...(executable === undefined ? [] : [executable]),
    ...nested.flatMap((bundle) => (isProgramKind(bundle.kind) ? (bundle.executable ?? []) : [])),
  ]);
  const found = new Map<string, PlistDict>();
  for (const [path, { slices }] of code) {
    if (!slices.some(({ hasEntitlements }) => hasEntitlements)) continue;
    const entitlements = await faults.attemptAsync(() => entitlementsOf(appPath, path, budget));
    budget.assertPlistsFit();
    const isProgram = programs.has(path) || slices[0]?.fileType === 'execute';
    if (entitlements && isProgram) found.set(path, entitlements);
  }
  return found;
}

/** @throws ShipError BUNDLE_TOO_LARGE · SIGN_BINARY_UNSUITABLE */
async function entitlementsOf(
  appPath: string,
  path: string,
  budget: ReadingBudget,
): Promise<PlistDict | undefined> {
  const entitlements = await readExistingEntitlements(join(appPath, path), (bytes) => {
    budget.spendBytes(bytes);
    return budget.plist;
  }).catch((error: unknown) => {
    if (!(error instanceof ShipError) || error.code !== 'PLIST_INVALID') throw error;
    budget.assertPlistsFit();
    throw notSignedAgain(path, `Its entitlements are damaged: ${error.failure.reason.replace(/[.]$/, '')}`);
  });
  const key = entitlements && unwritableKey(entitlements);
  if (key === undefined) return entitlements;
  throw notSignedAgain(path, `Its entitlement ${shown(key)} has a value that no signature can hold`);
}

import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ShipError } from '../../errors.ts';
import { APPS_IN_XCODE_ARCHIVE, isXcodeArchive } from '../disk/xcode-archive.ts';
import { holdsDebugSymbols, isCompanion } from './beside-app.ts';
import { shown } from './refusals.ts';

export interface FoundBundle {
  readonly appPath: string;
  /** The last part of `appPath`, `<name>.app`. */
  readonly folderName: string;
  /** The folder of the archive, in which the companions lie. */
  readonly archiveDir: string;
  /** Names of the folders that the App Store wants beside `Payload`, e.g. `SwiftSupport`. */
  readonly companions: readonly string[];
  /** Names of the folders that hold debug symbols. */
  readonly debugSymbols: readonly string[];
  /** Names of what else lies beside the app, which nothing is done with. */
  readonly unused: readonly string[];
}

type BundleTarget = 'macos-sign' | 'ios-sign';

interface Candidate {
  readonly folder: string;
  readonly item: Dirent;
}

const MAX_LISTED = 8;
const expectedShape: Record<BundleTarget, string> = {
  'macos-sign': '<name>.app',
  'ios-sign': 'Payload/<name>.app',
};
const sourceMarks = new Set(['package.json', 'perry.toml', 'tsconfig.json', 'src']);

/**
 * Finds the one app bundle in an unpacked archive: `<name>.app` at its top or in `Payload`, either for either
 * target, or in an archive of Xcode that was packed; and what lies beside it.
 *
 * @throws ShipError BUNDLE_MISSING, which says when the archive is a project's source · BUNDLE_AMBIGUOUS ·
 *   BUNDLE_NOT_A_FOLDER
 */
export async function findBundle(destDir: string, target: BundleTarget): Promise<FoundBundle> {
  const top = await readdir(destDir, { withFileTypes: true });
  const candidates = [...apps('', top), ...(await appsInPayload(destDir, top))];
  const [found, another] = candidates;
  const archive = found ? undefined : xcodeArchiveIn(top);
  if (archive !== undefined) return findInXcodeArchive(destDir, archive, target);
  if (!found) throw await missing(destDir, top, target);
  if (another) throw ambiguous(candidates);
  if (!found.item.isDirectory()) throw notAFolder(found);
  return {
    appPath: join(destDir, found.folder, found.item.name),
    folderName: found.item.name,
    archiveDir: destDir,
    ...besideApp(
      top.filter(({ name }) => name !== (found.folder || found.item.name)),
      target,
    ),
  };
}

const xcodeArchiveIn = (top: readonly Dirent[]): string | undefined =>
  top.find((item) => item.isDirectory() && isXcodeArchive(item.name) && !isLeftover(item.name))?.name;

async function findInXcodeArchive(
  destDir: string,
  archive: string,
  target: BundleTarget,
): Promise<FoundBundle> {
  const folder = `${archive}/${APPS_IN_XCODE_ARCHIVE}`;
  const items = await itemsIn(destDir, folder);
  const [found, another] = apps(folder, items);
  if (!found) throw noAppIn(folder);
  if (another) throw ambiguous(apps(folder, items));
  if (!found.item.isDirectory()) throw notAFolder(found);
  const archiveDir = join(destDir, archive);
  const beside = besideApp(await readdir(archiveDir, { withFileTypes: true }), target);
  return {
    appPath: join(destDir, folder, found.item.name),
    folderName: found.item.name,
    archiveDir,
    // Xcode's own notes about the archive
    ...{ ...beside, unused: [] },
  };
}

/** What the Finder and its archiver leave everywhere. */
const isLeftover = (name: string): boolean => name.startsWith('.') || name === '__MACOSX';

function besideApp(
  items: readonly Dirent[],
  target: BundleTarget,
): Pick<FoundBundle, 'companions' | 'debugSymbols' | 'unused'> {
  const namesOf = (some: readonly Dirent[]) => some.map(({ name }) => name).sort();
  const folders = items.filter((item) => item.isDirectory());
  const companions = folders.filter(({ name }) => target === 'ios-sign' && isCompanion(name));
  const debugSymbols = folders.filter(({ name }) => holdsDebugSymbols(name));
  const used = new Set([...companions, ...debugSymbols]);
  const unused = items.filter((item) => !used.has(item) && !isLeftover(item.name));
  return {
    companions: namesOf(companions),
    debugSymbols: namesOf(debugSymbols),
    unused: namesOf(unused),
  };
}

const apps = (folder: string, items: readonly Dirent[]): Candidate[] =>
  items.filter(({ name }) => /\.app$/i.test(name) && !name.startsWith('.')).map((item) => ({ folder, item }));

async function appsInPayload(destDir: string, top: readonly Dirent[]): Promise<Candidate[]> {
  const payload = top.find(({ name }) => name === 'Payload');
  if (!payload) return [];
  if (!payload.isDirectory()) throw notAFolder({ folder: '', item: payload });
  return apps('Payload', await readdir(join(destDir, 'Payload'), { withFileTypes: true }));
}

/** None when a part of the path is no folder, or a link. */
async function itemsIn(destDir: string, path: string): Promise<readonly Dirent[]> {
  let folder = destDir;
  let items = await readdir(folder, { withFileTypes: true });
  for (const part of path.split('/')) {
    if (!items.some((item) => item.name === part && item.isDirectory())) return [];
    folder = join(folder, part);
    items = await readdir(folder, { withFileTypes: true });
  }
  return items;
}

const placeOf = ({ folder, item }: Candidate): string =>
  folder === '' ? item.name : `${folder}/${item.name}`;

async function missing(destDir: string, top: readonly Dirent[], target: BundleTarget): Promise<ShipError> {
  if (await looksLikeSource(destDir, top)) {
    return new ShipError('BUNDLE_MISSING', {
      summary: 'The archive holds the source of an app instead of a compiled app bundle.',
      reason: `At the top of the archive is ${listed(top)}.`,
      nextStep: 'Read the log of the build, fix what it reports, and build again.',
    });
  }
  return new ShipError('BUNDLE_MISSING', {
    summary: `The archive has no app bundle: ${expectedShape[target]} was expected.`,
    reason: `At the top of the archive is ${listed(top)}.`,
    nextStep: 'Look at what the build packed, then build again.',
  });
}

/** Source may be packed with or without a folder around it. */
async function looksLikeSource(destDir: string, top: readonly Dirent[]): Promise<boolean> {
  if (hasSourceMarks(top)) return true;
  const [only, ...others] = top;
  if (!only?.isDirectory() || others.length > 0) return false;
  return hasSourceMarks(await readdir(join(destDir, only.name), { withFileTypes: true }));
}

const hasSourceMarks = (items: readonly Dirent[]): boolean =>
  items.some(({ name }) => sourceMarks.has(name) || /\.tsx?$/.test(name));

function listed(items: readonly Dirent[]): string {
  if (items.length === 0) return 'nothing';
  const names = items.map((item) => shown(item.isDirectory() ? `${item.name}/` : item.name)).sort();
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : '';
  return `${names.slice(0, MAX_LISTED).join(', ')}${more}`;
}

const noAppIn = (folder: string): ShipError =>
  new ShipError('BUNDLE_MISSING', {
    summary: 'The archive of Xcode holds no app.',
    reason: `No folder <name>.app lies in ${shown(folder)}.`,
    nextStep: 'Archive an app, and pack that.',
  });

const ambiguous = (candidates: readonly Candidate[]): ShipError =>
  new ShipError('BUNDLE_AMBIGUOUS', {
    summary: `The archive has ${candidates.length} app bundles, and only one can be signed.`,
    reason: `It has ${candidates
      .slice(0, MAX_LISTED)
      .map((found) => shown(placeOf(found)))
      .sort()
      .join(' and ')}.`,
    nextStep: 'Pack each app into an archive of its own.',
  });

const notAFolder = (found: Candidate): ShipError =>
  new ShipError('BUNDLE_NOT_A_FOLDER', {
    summary: `${shown(placeOf(found))} in the archive is not an app bundle.`,
    reason: `It is a ${found.item.isSymbolicLink() ? 'symbolic link' : 'file'}, and an app bundle is a folder.`,
    nextStep: 'Pack the bundle itself, then try again.',
  });

import { lstat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { BundlePlatform, Layout } from '../../domain/bundle/index.ts';
import { shown } from '../../domain/bundle/shown.ts';
import { ShipError } from '../../errors.ts';
import type { TreeEntry } from '../disk/tree.ts';

const DEEP: Layout = {
  layout: 'deep',
  infoPlist: 'Contents/Info.plist',
  resources: 'Contents/Resources',
  executableFolder: 'Contents/MacOS',
};
const FLAT: Layout = { layout: 'flat', infoPlist: 'Info.plist', resources: '', executableFolder: '' };
const SOURCE_MARKS = new Set(['package.json', 'perry.toml', 'tsconfig.json', 'src', 'Cargo.toml']);

/** @throws ShipError BUNDLE_NOT_A_FOLDER when `appPath` is no folder named `*.app` */
export async function requireAppFolder(appPath: string): Promise<void> {
  const stats = await lstat(appPath).catch(() => undefined);
  if (stats?.isDirectory() && /.\.app$/i.test(basename(appPath))) return;
  throw new ShipError('BUNDLE_NOT_A_FOLDER', {
    summary: `${shown(basename(appPath))} is not an app bundle.`,
    reason: stats?.isDirectory()
      ? 'Its name does not end in .app.'
      : stats
        ? 'It is not a folder.'
        : 'It does not exist.',
    nextStep: 'Name the folder <name>.app that the compiler made.',
    detail: { appPath },
  });
}

/**
 * @throws ShipError BUNDLE_MISSING for a source tree · BUNDLE_INFO_PLIST_MISSING · BUNDLE_PLATFORM_WRONG when the
 *   layout is the other platform's
 */
export function layoutOf(tree: readonly TreeEntry[], platform: BundlePlatform): Layout {
  const types = new Map(tree.map((entry) => [entry.path, entry.type]));
  const layout = [DEEP, FLAT].find(({ infoPlist }) => types.get(infoPlist) === 'file');
  if (!layout) throw noInfoPlist(tree, platform);
  const wanted = platform === 'macos' ? DEEP : FLAT;
  if (layout !== wanted) throw otherLayout(layout, platform);
  return layout;
}

const RESOURCES_OF_BUNDLE = /^(?:.*\.(?:app|appex|framework|bundle|xpc|plugin)\/)?Resources$/i;

/**
 * rcodesign 0.29.0 takes a flat bundle with `Resources` for a macOS one, and its seal then covers nothing.
 *
 * @throws ShipError SIGN_LAYOUT_UNSUITABLE
 */
export function refuseTopResources(tree: readonly TreeEntry[]): void {
  const paths = new Set(tree.map(({ path }) => path));
  const found = tree.find(
    ({ path, type }) =>
      type === 'directory' &&
      RESOURCES_OF_BUNDLE.test(path) &&
      paths.has(`${path.slice(0, -'Resources'.length)}Info.plist`),
  );
  if (!found) return;
  throw new ShipError('SIGN_LAYOUT_UNSUITABLE', {
    summary: `The iOS bundle has a folder ${shown(found.path)}, with which it cannot be sealed.`,
    reason: 'A bundle with "Resources" at its top is sealed by the rules of macOS.',
    nextStep: 'Rename that folder (for example to "assets"), then build again.',
  });
}

function noInfoPlist(tree: readonly TreeEntry[], platform: BundlePlatform): ShipError {
  const top = tree.filter(({ path }) => !path.includes('/')).map(({ path }) => path);
  const expected = (platform === 'macos' ? DEEP : FLAT).infoPlist;
  if (top.some((name) => SOURCE_MARKS.has(name) || /\.(?:ts|xcodeproj)$/.test(name)))
    return new ShipError('BUNDLE_MISSING', {
      summary: 'The bundle is the source of an app instead of a compiled app bundle.',
      reason: `There is no ${expected}, but ${top.slice(0, 8).map(shown).join(', ')}.`,
      nextStep: 'Read the log of the build, fix what it reports, and build again.',
    });
  const isLink = tree.some(({ path, type }) => path === expected && type === 'symlink');
  const atTop = `At its top is ${top.length === 0 ? 'nothing' : top.slice(0, 8).map(shown).join(', ')}.`;
  return new ShipError('BUNDLE_INFO_PLIST_MISSING', {
    summary: `The bundle has no ${expected}.`,
    reason: isLink ? 'There is a symbolic link in its place, which is not followed.' : atTop,
    nextStep: 'Build the bundle again.',
  });
}

const otherLayout = ({ infoPlist }: Layout, platform: BundlePlatform): ShipError => {
  const [wanted, found] = platform === 'macos' ? ['macOS', 'iOS'] : ['iOS', 'macOS'];
  return new ShipError('BUNDLE_PLATFORM_WRONG', {
    summary: `The bundle is to be signed for ${wanted}, but it is laid out as an ${found} app.`.replace(
      'an macOS',
      'a macOS',
    ),
    reason: `Its Info.plist lies at ${infoPlist}.`,
    nextStep: `Build for ${wanted}, or choose the target of its platform.`,
  });
};

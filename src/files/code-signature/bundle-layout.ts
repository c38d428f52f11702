import { ShipError } from '../../errors.ts';
import { asDictionary, parsePlist } from '../../formats/code-signature/property-list.ts';
import { type BundleTree, below } from './bundle-tree.ts';

/** Where the parts of one bundle are; every path counts from the root of the tree. */
export interface BundleLayout {
  readonly path: string;
  /** What `CodeResources` counts its paths from: `Contents` in a Mac app, the bundle itself on iOS. */
  readonly contentRoot: string;
  readonly infoPlist: string;
  readonly infoPlistBytes: Buffer;
  readonly executable: string;
}

/** The places of Info.plist: Mac bundle, version of a framework, flat bundle. */
const places = [
  { contentRoot: 'Contents', infoPlist: 'Contents/Info.plist', executables: 'Contents/MacOS' },
  { contentRoot: '', infoPlist: 'Resources/Info.plist', executables: '' },
  { contentRoot: '', infoPlist: 'Info.plist', executables: '' },
] as const;

/** The layout of the bundle at `path`; nothing when no bundle with an executable is there. */
export async function bundleLayout(tree: BundleTree, path: string): Promise<BundleLayout | undefined> {
  for (const place of places) {
    const infoPlist = below(path, place.infoPlist);
    const infoPlistBytes = await tree.readSmall(infoPlist);
    const name = infoPlistBytes && executableName(infoPlistBytes);
    if (!infoPlistBytes || !name) continue;
    const executable = below(below(path, place.executables).replace(/\/$/, ''), name);
    if (!tree.isFile(executable)) continue;
    const contentRoot = below(path, place.contentRoot).replace(/\/$/, '');
    return { path, contentRoot, infoPlist, infoPlistBytes, executable };
  }
  return undefined;
}

export const isVersionedFramework = (tree: BundleTree, path: string): boolean =>
  path.endsWith('.framework') && tree.isFolder(below(path, 'Versions'));

/** A name only: one that leads elsewhere is no executable of this bundle. */
function executableName(infoPlist: Buffer): string | undefined {
  try {
    const name = asDictionary(parsePlist(infoPlist, 'Info.plist'))?.CFBundleExecutable;
    return typeof name === 'string' && /^[^/\0]{1,255}$/.test(name) && !/^\.{1,2}$/.test(name)
      ? name.normalize('NFC')
      : undefined;
  } catch (error) {
    if (error instanceof ShipError) return undefined;
    throw error;
  }
}

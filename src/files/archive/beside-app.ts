import { join } from 'node:path';
import { listTree, type TreeEntry } from '../disk/tree.ts';

/**
 * What Xcode puts beside `Payload` for the App Store, and which files each folder holds: originals of Apple's libraries
 * and stubs, symbols, resources on demand.
 *
 * @see https://developer.apple.com/library/archive/technotes/tn2420/
 */
const COMPANIONS = new Map<string, RegExp>([
  // those of a Mac or a simulator are for no device that an .ipa is for
  ['SwiftSupport', /^(?:iphoneos|watchos)\/lib[\w.-]+\.dylib$/],
  ['WatchKitSupport', /^WK$/],
  ['WatchKitSupport2', /^WK$/],
  ['MessagesApplicationSupport', /^\w+$/],
  ['MessagesApplicationExtensionSupport', /^\w+$/],
  ['Symbols', /^[\w-]+\.symbols$/],
  ['BCSymbolMaps', /^[\w-]+\.bcsymbolmap$/],
  ['OnDemandResources', /./],
]);

export const isCompanion = (name: string): boolean => COMPANIONS.has(name);

/** Debug symbols: the folder of an Xcode archive, or what the linker's tools leave beside the app. */
export const holdsDebugSymbols = (name: string): boolean => name === 'dSYMs' || /\.dSYM$/i.test(name);

export interface Companion {
  /** As it is called beside `Payload`. */
  readonly name: string;
  readonly dir: string;
  /** What has its place there, with the folders that it is in. */
  readonly taken: readonly TreeEntry[];
  /** Paths of what has none, links among it: Apple would refuse all of the app for it. */
  readonly left: readonly string[];
}

/** @throws ShipError BUNDLE_PATH_UNSAFE */
export async function readCompanion(archiveDir: string, name: string): Promise<Companion> {
  const dir = join(archiveDir, name);
  const form = COMPANIONS.get(name);
  const tree = await listTree(dir);
  const isFile = ({ type, path }: TreeEntry) => type === 'file' && form?.test(path) === true;
  const files = tree.filter(isFile);
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  const taken = tree.filter(
    (entry) => isFile(entry) || (entry.type === 'directory' && folders.has(entry.path)),
  );
  const left = tree.filter((entry) => entry.type !== 'directory' && !isFile(entry));
  return { name, dir, taken, left: left.map(({ path }) => `${name}/${path}`) };
}

/** `a` and `a/b` of `a/b/c`. */
function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Bytes of the files that lie beside `Payload`, by their paths in the archive. */
export const sizesBeside = (companions: readonly Companion[]): ReadonlyMap<string, number> =>
  new Map(
    companions.flatMap(({ name, taken }) =>
      taken
        .filter(({ type }) => type === 'file')
        .map(({ path, sizeBytes }) => [`${name}/${path}`, sizeBytes] as const),
    ),
  );

import type { NestedBundle } from '../../domain/bundle/index.ts';
import { baseOf, joined, parentOf } from '../../domain/bundle/nested-places.ts';
import {
  belongsInFramework,
  currentVersion,
  isLeftBesideContents,
  isLeftInFramework,
  type RootItem,
} from '../../domain/bundle/root-items.ts';
import type { TreeEntry } from '../disk/tree.ts';

export interface UnsealedItems {
  /** Paths of what no seal covers and codesign refuses. */
  readonly refused: readonly string[];
  /** Paths of what the Finder left, and codesign lets lie. */
  readonly leftovers: readonly string[];
}

/** The icon of a folder: the Finder keeps it in the extended attributes of this file, which signing takes away. */
export const isFolderIcon = (path: string): boolean => baseOf(path) === 'Icon\r';

/** `app.entitlements` tells how to sign, and is taken out before. */
const SIDECAR = 'app.entitlements';

/** Looks at what lies beside `Contents` in the bundle and in those within, and at the top of frameworks. */
export function unsealedItems(tree: readonly TreeEntry[], nested: readonly NestedBundle[]): UnsealedItems {
  const found = { refused: [] as string[], leftovers: [] as string[] };
  const deep = new Set(['', ...nested.filter(isDeep).map(({ path }) => path)]);
  const frameworks = new Set(nested.flatMap((b) => (b.frameworkVersion === undefined ? [] : b.path)));
  const current = new Map(
    tree.flatMap(({ path, linkTarget }) =>
      baseOf(path) === 'Current' ? [[parentOf(parentOf(path)), currentVersion(linkTarget)] as const] : [],
    ),
  );
  const sort = (path: string, isLeftover: boolean, isFine: boolean) => {
    if (isLeftover) found.leftovers.push(path);
    else if (!isFine) found.refused.push(path);
  };
  for (const entry of tree) {
    const { path } = entry;
    const folder = parentOf(path);
    const item: RootItem = { ...entry, name: baseOf(path) };
    if (deep.has(folder)) sort(path, isLeftBesideContents(item), isExpected(item, folder));
    else if (frameworks.has(folder))
      sort(path, isLeft(item), isVersions(item) || belongsInFramework(item, current.get(folder)));
    else if (baseOf(folder) === 'Versions' && frameworks.has(parentOf(folder)))
      sort(path, isLeft(item), entry.type === 'directory' || item.name === 'Current');
  }
  return found;
}

/** An icon of a folder is taken out wherever it lies. */
const isLeft = (item: RootItem): boolean =>
  isLeftInFramework(item) || (item.type === 'file' && isFolderIcon(item.name));

const isDeep = ({ path, infoPlist }: NestedBundle): boolean =>
  infoPlist === joined(path, 'Contents/Info.plist');

const isExpected = ({ name, type }: RootItem, folder: string): boolean =>
  (name === 'Contents' && type === 'directory') || (folder === '' && name === SIDECAR);

const isVersions = ({ name, type }: RootItem): boolean => name === 'Versions' && type === 'directory';

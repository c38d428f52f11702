import type { NestedKind } from './facts.ts';

/** A folder that looks like a bundle, by the place of its Info.plist alone. */
export interface NestedPlace {
  readonly path: string;
  readonly kind: NestedKind;
  readonly infoPlist: string;
  /** The folder whose layout rules apply: `X.app/Contents`, `X.framework/Versions/A`, or the bundle itself. */
  readonly codeRoot: string;
  /** Where CFBundleExecutable is looked for. */
  readonly executableFolder: string;
  readonly frameworkVersion?: string;
}

const KINDS: Readonly<Record<string, NestedKind>> = {
  app: 'app',
  appex: 'appex',
  xpc: 'xpc',
  framework: 'framework',
  plugin: 'plugin',
  bundle: 'bundle',
};

/** Kinds that are programs: without an executable there is nothing to run. */
export const isProgramKind = (kind: NestedKind): boolean => ['app', 'appex', 'xpc'].includes(kind);

/**
 * Every place below the bundle that may be a nested one, wherever it lies: rcodesign goes by the Info.plist, not by
 * the folder's name.
 *
 * @param infoPlists - paths of all regular files named `Info.plist`
 * @param own - path of the bundle's own Info.plist, left out
 */
export function nestedPlaces(infoPlists: readonly string[], own: string): NestedPlace[] {
  const places = infoPlists.filter((path) => path !== own && path !== 'Info.plist').map(placeOf);
  const byPath = new Map<string, NestedPlace>();
  for (const place of places.filter(({ path }) => path !== '')) {
    const key = `${place.path}\0${place.frameworkVersion ?? ''}`;
    const other = byPath.get(key);
    if (!other || precedence(place) > precedence(other)) byPath.set(key, place);
  }
  return [...byPath.values()].sort(byDepth);
}

/** Which of several Info.plists of one folder rcodesign goes by. */
const precedence = ({ path, infoPlist }: NestedPlace): number =>
  ['Info.plist', 'Contents/Info.plist', 'Resources/Info.plist'].indexOf(infoPlist.slice(path.length + 1));

/** The folder whose layout rules apply to the bundle of an Info.plist, as in `NestedPlace`. */
export const codeRootOf = (infoPlist: string): string => placeOf(infoPlist).codeRoot;

function placeOf(infoPlist: string): NestedPlace {
  const folder = parentOf(infoPlist);
  const parent = parentOf(folder);
  if (baseOf(folder) === 'Contents') return place(parent, infoPlist, folder, `${folder}/MacOS`);
  if (baseOf(folder) !== 'Resources' || parent === '' || baseOf(parent) === 'Contents')
    return place(folder, infoPlist, folder, folder);
  const versions = parentOf(parent);
  if (baseOf(versions) === 'Versions' && versions.includes('/'))
    return { ...place(parentOf(versions), infoPlist, parent, parent), frameworkVersion: baseOf(parent) };
  return place(parent, infoPlist, parent, parent);
}

const place = (path: string, infoPlist: string, codeRoot: string, executableFolder: string): NestedPlace => ({
  path,
  kind: KINDS[/\.([A-Za-z]+)$/.exec(path)?.[1]?.toLowerCase() ?? ''] ?? 'other',
  infoPlist,
  codeRoot,
  executableFolder,
});

const byDepth = (a: NestedPlace, b: NestedPlace): number =>
  b.path.split('/').length - a.path.split('/').length || (a.infoPlist < b.infoPlist ? -1 : 1);

/** The folder of a path; the empty string at the top. */
export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

export const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const joined = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** The innermost folder of a set that holds the path. */
export function nearestIn(folders: ReadonlySet<string>, path: string): string | undefined {
  for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder))
    if (folders.has(folder)) return folder;
  return undefined;
}

import { baseOf, nearestIn } from './nested-places.ts';

/**
 * Below the code root of a macOS bundle these places hold signed code and nothing else: Apple's seal names what lies
 * there by its own signature, and a file without one cannot be named.
 * https://developer.apple.com/documentation/bundleresources/placing-content-in-a-bundle
 */
const CODE_FOLDERS =
  /^(?:Frameworks|SharedFrameworks|PlugIns|Plug-ins|XPCServices|Helpers|MacOS|Library\/(?:Automator|Spotlight|LoginItems))\//;
/** Direct items of the code root that have rules of their own. */
const KNOWN_ITEMS = new Set([
  'Info.plist',
  'PkgInfo',
  'version.plist',
  'CodeResources',
  'embedded.provisionprofile',
]);

export interface CodePlacesInput {
  /** Code roots of the macOS bundles, the main one first, e.g. `Contents`. */
  readonly codeRoots: readonly string[];
  /** Paths of all regular files. */
  readonly files: readonly string[];
  readonly machOs: ReadonlySet<string>;
  /** Main executables, also those that are scripts. */
  readonly executables: ReadonlySet<string>;
  /** Paths of nested bundles: what is below belongs to them. */
  readonly nested: readonly string[];
}

/** The files that would be left out of the seal. */
export function strayFiles({ codeRoots, nested, ...input }: CodePlacesInput): string[] {
  const isCode = codePlaces(codeRoots);
  const [roots, bundles] = [new Set(codeRoots), new Set(nested)];
  return input.files.filter((file) => {
    if (input.machOs.has(file) || input.executables.has(file) || !isCode(file)) return false;
    // a flat or resource bundle below the root has rules of its own
    const [root = '', bundle = ''] = [nearestIn(roots, file), nearestIn(bundles, file)];
    return bundle.length <= root.length;
  });
}

/**
 * Tells places for code from all others, where Apple's seal takes everything for resources.
 *
 * @param codeRoots - see `CodePlacesInput`
 */
export function codePlaces(codeRoots: readonly string[]): (path: string) => boolean {
  const roots = new Set(codeRoots);
  return (path) => {
    const root = nearestIn(roots, path);
    return root !== undefined && isCodePlace(path.slice(root.length + 1));
  };
}

/**
 * True for what the app carries and does not run as a part of itself: it, or a bundle around it, lies where its own
 * bundle has resources.
 */
export function carriedPlaces(codeRoots: readonly string[]): (path: string) => boolean {
  const roots = new Set(codeRoots);
  return (path) => {
    for (let root = nearestIn(roots, path); root !== undefined; root = nearestIn(roots, root))
      if (!isCodePlace(path.slice(root.length + 1))) return true;
    return false;
  };
}

/**
 * Folders that are taken for nested bundles because of a dot in their name, and are none; the outermost ones.
 *
 * @param folders - paths of all folders, those above others first
 */
export function falseBundles({
  codeRoots,
  nested,
  folders,
}: Pick<CodePlacesInput, 'codeRoots' | 'nested'> & { readonly folders: readonly string[] }): string[] {
  const isCode = codePlaces(codeRoots);
  const [roots, bundles] = [new Set(codeRoots), new Set(nested)];
  return folders.filter((folder) => {
    if (!baseOf(folder).includes('.') || bundles.has(folder) || !isCode(folder)) return false;
    const [root = '', bundle = ''] = [nearestIn(roots, folder), nearestIn(bundles, folder)];
    if (bundle.length > root.length) return false;
    bundles.add(folder);
    return true;
  });
}

/** No code wherever it lies: debug symbols are sealed as files, what the Finder leaves is not sealed at all. */
const NEVER_CODE = /\.dSYM(?:\/|$)|(?:^|\/)\.DS_Store$/;

const isCodePlace = (path: string): boolean => {
  if (NEVER_CODE.test(path)) return false;
  return path.includes('/') ? CODE_FOLDERS.test(path) : !KNOWN_ITEMS.has(path);
};

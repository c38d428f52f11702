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
  '.DS_Store',
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
export function strayFiles(input: CodePlacesInput): string[] {
  const roots = [...input.codeRoots].sort((a, b) => b.length - a.length);
  const isStray = (file: string): boolean => {
    if (input.machOs.has(file) || input.executables.has(file)) return false;
    const root = roots.find((candidate) => file.startsWith(`${candidate}/`));
    if (root === undefined || belongsToNested(file, root, input.nested)) return false;
    return isCodePlace(file.slice(root.length + 1));
  };
  return input.files.filter(isStray);
}

const isCodePlace = (path: string): boolean =>
  path.includes('/') ? CODE_FOLDERS.test(path) : !KNOWN_ITEMS.has(path);

/** A flat or resource bundle below the root has rules of its own. */
const belongsToNested = (file: string, root: string, nested: readonly string[]): boolean =>
  nested.some((path) => file.startsWith(`${path}/`) && path.startsWith(`${root}/`));

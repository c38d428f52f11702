import { requireTellable } from '../../domain/bundle/code-checks.ts';

/** Entitlements or flags of one nested item: a bundle, or a Mach-O that is no bundle's main executable. */
export interface NestedEntitlements {
  /** Relative to the bundle, e.g. `Contents/Helpers/Helper.app` or `Contents/MacOS/tool`. */
  readonly scope: string;
  readonly xml: Uint8Array;
}

export interface NestedIdentifier {
  /** Of a Mach-O file that is no bundle's main executable. */
  readonly scope: string;
  readonly identifier: string;
}

export interface SignSettings {
  /** XML property list; replaces what the binary had. Left out, the entitlements of the input survive. */
  readonly entitlements?: Uint8Array | undefined;
  readonly nestedEntitlements?: readonly NestedEntitlements[] | undefined;
  readonly hardenedRuntime: boolean;
  /** Nested executables that get the hardened runtime too, as scopes; flags are not inherited. */
  readonly hardenedScopes?: readonly string[] | undefined;
  /** RFC 3161 server, or `none`. */
  readonly timestampUrl: string;
  /** For a disk image, a package or a bare binary; a bundle's comes from its Info.plist. */
  readonly binaryIdentifier?: string | undefined;
  /** Of Mach-O files in a bundle; left out, it is made of the name of the file. */
  readonly nestedIdentifiers?: readonly NestedIdentifier[] | undefined;
  /** Patterns of what is no bundle and no code: see `exclusionPatterns`. */
  readonly exclusions?: readonly string[] | undefined;
}

/** A file that must lie in the working folder when rcodesign starts. */
export interface SettingsFile {
  readonly name: string;
  readonly content: Uint8Array;
}

export interface SignArguments {
  readonly words: readonly string[];
  readonly files: readonly SettingsFile[];
}

/**
 * The words of `rcodesign sign` after the key and before the path (rcodesign 0.29.0). A scoped value has the form
 * `<scope>:<value>` and is split at its first colon; a scope is split again at its last `@`, which picks
 * slices of a universal binary.
 *
 * @throws ShipError SIGN_LAYOUT_UNSUITABLE for a nested item whose path rcodesign cannot be told
 */
export function signArguments(settings: SignSettings): SignArguments {
  const files: SettingsFile[] = [];
  const keep = (content: Uint8Array): string => {
    const name = `entitlements-${files.length}.xml`;
    files.push({ name, content });
    return name;
  };
  const words = [`--timestamp-url=${settings.timestampUrl}`, ...identifierWords(settings)];
  if (settings.entitlements) words.push(`--entitlements-xml-file=${keep(settings.entitlements)}`);
  for (const { scope, xml } of settings.nestedEntitlements ?? []) {
    const name = keep(xml);
    words.push(...scopesOf(scope).map((part) => `--entitlements-xml-file=${part}:${name}`));
  }
  if (settings.hardenedRuntime) words.push(...runtimeWords(settings.hardenedScopes ?? []));
  words.push(...(settings.exclusions ?? []).map((pattern) => `--exclude=${pattern}`));
  return { words, files };
}

const identifierWords = ({ binaryIdentifier, nestedIdentifiers = [] }: SignSettings): string[] => [
  ...(binaryIdentifier === undefined ? [] : [`--binary-identifier=@main:${binaryIdentifier}`]),
  ...nestedIdentifiers.flatMap(({ scope, identifier }) =>
    scopesOf(scope).map((part) => `--binary-identifier=${part}:${identifier}`),
  ),
];

const runtimeWords = (scopes: readonly string[]): string[] =>
  ['runtime', ...scopes.flatMap(scopesOf).map((scope) => `${scope}:runtime`)].map(
    (value) => `--code-signature-flags=${value}`,
  );

/** Every kind of slice that an Apple system has run since the hardened runtime exists. */
const sliceKinds = ['arm64', 'x86_64', 'arm64_32', 'arm'];

/**
 * `node_modules/@scope/tool` would be read as slice `scope/tool` of `node_modules/`: with a choice of slices
 * of its own at the end the path is read whole, so all kinds of slices are named.
 */
const scopesOf = (path: string): string[] => {
  requireTellable(path);
  return path.includes('@') ? sliceKinds.map((kind) => `${path}@[cpu_type=${kind}]`) : [path];
};

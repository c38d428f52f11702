/** An item beside `Contents`, or at the top of a versioned framework. */
export interface RootItem {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'other';
  readonly linkTarget?: string | undefined;
  /** Mode bits. */
  readonly mode: number;
}

const isPlain = ({ type, mode }: RootItem): boolean => type === 'file' && (mode & 0o111) === 0;

/**
 * What the Finder, LaunchServices and the App Store leave beside `Contents`; `codesign --verify --strict` lets it lie
 * there unsealed.
 * https://github.com/apple-oss-distributions/Security/blob/main/OSX/libsecurity_codesigning/lib/bundlediskrep.cpp
 */
export const isLeftBesideContents = (item: RootItem): boolean =>
  isPlain(item) && /^(?:\.LSOverride|\.DS_Store|Icon\r|\.SoftwareDepot\.tracking)$/.test(item.name);

/** What may lie at the top of a versioned framework or in its `Versions`, beside links and the versions. */
export const isLeftInFramework = (item: RootItem): boolean => isPlain(item) && item.name === '.DS_Store';

/** `Current` names a version; both spellings of a relative path will do. */
export function currentVersion(linkTarget: string | undefined): string | undefined {
  const version = /^(?:\.\/)?([^/]+)$/.exec(linkTarget ?? '')?.[1];
  return version === '.' || version === '..' ? undefined : version;
}

/** A link at the top of a framework leads to its namesake in the current version; a module map may be a file. */
export function belongsInFramework(item: RootItem, current: string | undefined): boolean {
  if (isLeftInFramework(item) || (item.name === 'module.map' && isPlain(item))) return true;
  const [, version, name] = /^(?:\.\/)?Versions\/([^/]+)\/([^/]+)$/.exec(item.linkTarget ?? '') ?? [];
  const isNamesake = name?.normalize('NFC') === item.name.normalize('NFC');
  return isNamesake && (version === 'Current' || version === current);
}

import type { BundleFacts } from '../../domain/bundle/index.ts';
import { compareOsVersions, isOsVersion } from '../../domain/bundle/os-version.ts';
import { shown } from '../../domain/bundle/shown.ts';
import type { MachOFacts } from '../../domain/macho/index.ts';
import { type PlistDict, stringAt } from '../../domain/plist/index.ts';
import type { TreeEntry } from '../files/tree.ts';

interface WarningInput {
  readonly facts: Omit<BundleFacts, 'warnings'>;
  readonly tree: readonly TreeEntry[];
  readonly info: PlistDict;
  /** The main executable, unless it is a script. */
  readonly main?: MachOFacts;
}

const MAX_NAMED = 5;

/** What will be signed, but probably not as its sender means it; one sentence each. */
export function warningsAbout(input: WarningInput): string[] {
  const { facts } = input;
  return facts.platform === 'macos'
    ? [
        ...aboutScripts(facts),
        ...aboutStrays(facts),
        ...aboutTop(input),
        ...aboutFrameworks(input),
        ...aboutBuild(input),
      ]
    : [...aboutLinks(input), ...aboutExtensions(facts), ...aboutBuild(input)];
}

const aboutScripts = ({ executable, executableKind, nested }: WarningInput['facts']): string[] => {
  const scripts = nested.flatMap((bundle) =>
    bundle.executableKind === 'script' ? (bundle.executable ?? []) : [],
  );
  const all = [...(executableKind === 'script' ? [executable] : []), ...scripts];
  return all.map(
    (path) => `The executable ${shown(path)} is a script; rcodesign seals compiled programs only.`,
  );
};

const aboutStrays = ({ strayFiles }: WarningInput['facts']): string[] =>
  strayFiles.length === 0
    ? []
    : [
        `${listed(strayFiles)} lie where only code may lie and cannot be sealed there: move them to Contents/Resources.`,
      ];

/** Apple's codesign: "unsealed contents present in the bundle root". */
function aboutTop({ tree }: WarningInput): string[] {
  const odd = tree.filter(
    ({ path }) => !path.includes('/') && path !== 'Contents' && path !== 'app.entitlements',
  );
  if (odd.length === 0) return [];
  return [
    `${listed(odd.map(({ path }) => path))} at the top of the bundle cannot be sealed: only Contents may be there.`,
  ];
}

function aboutFrameworks({ facts, tree }: WarningInput): string[] {
  const links = new Set(tree.filter(({ type }) => type === 'symlink').map(({ path }) => path));
  const versioned = facts.nested.filter(({ frameworkVersion }) => frameworkVersion !== undefined);
  const broken = new Set(
    versioned.map(({ path }) => path).filter((path) => !links.has(`${path}/Versions/Current`)),
  );
  return [...broken].map(
    (path) => `${shown(path)} has lost its links: Versions/Current is missing or no link.`,
  );
}

/** ITMS-90171 */
function aboutLinks({ tree }: WarningInput): string[] {
  const links = tree.filter(({ type }) => type === 'symlink').map(({ path }) => path);
  return links.length === 0 ? [] : [`The App Store refuses symbolic links in iOS bundles: ${listed(links)}.`];
}

function aboutExtensions({ nested, bundleId, version, shortVersion }: WarningInput['facts']): string[] {
  const programs = nested.filter(
    ({ kind, path }) => (kind === 'appex' || kind === 'app') && !path.startsWith('Watch/'),
  );
  return programs.flatMap((bundle) => [
    ...(bundle.bundleId.startsWith(`${bundleId}.`)
      ? []
      : [`${shown(bundle.path)} is ${shown(bundle.bundleId)}; it must begin with ${shown(`${bundleId}.`)}.`]),
    ...(bundle.version === version && bundle.shortVersion === shortVersion
      ? []
      : [`${shown(bundle.path)} has another version than the app; the App Store wants them equal.`]),
  ]);
}

function aboutBuild({ facts, info, main }: WarningInput): string[] {
  if (main?.slices.some(({ builds }) => builds.length === 0))
    return [`${shown(facts.executable)} does not say which platform it was built for.`];
  const key = facts.platform === 'ios' ? 'MinimumOSVersion' : 'LSMinimumSystemVersion';
  const claimed = stringAt(info, key);
  if (claimed === undefined || facts.minimumOs === undefined || !isOsVersion(claimed)) return [];
  if (compareOsVersions(claimed, facts.minimumOs) >= 0) return [];
  return [`${key} is ${claimed}, but the program was built for ${facts.minimumOs} and newer.`];
}

function listed(paths: readonly string[]): string {
  const more = paths.length > MAX_NAMED ? ` and ${paths.length - MAX_NAMED} more` : '';
  return `${paths.slice(0, MAX_NAMED).map(shown).join(', ')}${more}`;
}

import {
  isDict,
  newDict,
  type PlistDict,
  type PlistValue,
  plistEquals,
  stringAt,
} from '../../formats/plist/index.ts';
import type { BundlePlatform } from './facts.ts';
import { compareOsVersions, isOsVersion } from './os-version.ts';
import { shown } from './shown.ts';

export interface MergeInput {
  readonly info: PlistDict;
  readonly platform: BundlePlatform;
  /** What the main executable was linked for, e.g. `13.0`. */
  readonly minimumOs?: string;
  /** True when the bundle holds an `Assets.car` with the app icon. */
  readonly hasAssetsCar: boolean;
  /** What `drawIcons` or actool's partial plist says about icons; other keys in it are left out. */
  readonly iconKeys?: Readonly<Record<string, PlistValue>>;
  /** macOS, from the manifest; see the fields of the same names there. */
  readonly minimumOsVersion?: string;
  readonly displayName?: string;
  readonly category?: string;
  /** macOS; absent counts as true, the compiler's default. */
  readonly encryptionExempt?: boolean;
}

export interface MergeResult {
  readonly info: PlistDict;
  /** One line for each change, for the log; empty when nothing had to change. */
  readonly changes: readonly string[];
}

const ICON_KEYS = ['CFBundleIconFile', 'CFBundleIconName', 'CFBundleIcons', 'CFBundleIcons~ipad'] as const;

/**
 * Adds to an Info.plist what a finished bundle must say and the compiler left out.
 *
 * Never touched are identity and provenance: CFBundleIdentifier, CFBundleExecutable, both versions, and the `DT*`
 * keys, which tell Apple what the code was built with and which only the compiler knows. A key that is there keeps
 * its value, except for icons (they were just drawn) and LSMinimumSystemVersion (the manifest may raise it).
 */
export function mergeInfoPlist(input: MergeInput): MergeResult {
  const draft = new InfoDraft(input.info);
  draft.fill('CFBundleInfoDictionaryVersion', '6.0');
  draft.fill('CFBundlePackageType', 'APPL');
  draft.fill('CFBundleSupportedPlatforms', [input.platform === 'ios' ? 'iPhoneOS' : 'MacOSX']);
  if (input.platform === 'macos') mergeMacos(draft, input);
  mergeIcons(draft, input);
  return { info: draft.info, changes: draft.changes };
}

function mergeMacos(draft: InfoDraft, input: MergeInput): void {
  if (input.displayName !== undefined) draft.fill('CFBundleDisplayName', input.displayName);
  if (input.category !== undefined) draft.fill('LSApplicationCategoryType', input.category);
  if (input.encryptionExempt === undefined) draft.fill('ITSAppUsesNonExemptEncryption', false);
  else draft.set('ITSAppUsesNonExemptEncryption', !input.encryptionExempt);
  mergeMinimumSystem(draft, input);
}

/** A version below the one that the program was linked for would promise a system on which it does not start. */
function mergeMinimumSystem(draft: InfoDraft, { minimumOs, minimumOsVersion }: MergeInput): void {
  const key = 'LSMinimumSystemVersion';
  if (minimumOsVersion === undefined || !isOsVersion(minimumOsVersion)) {
    if (minimumOs !== undefined) draft.fill(key, minimumOs);
  } else if (minimumOs !== undefined && compareOsVersions(minimumOsVersion, minimumOs) < 0) {
    draft.fill(key, minimumOs);
    draft.changes.push(`${key} was not set to ${minimumOsVersion}: the program was built for ${minimumOs}`);
  } else {
    draft.set(key, minimumOsVersion);
  }
}

function mergeIcons(draft: InfoDraft, { iconKeys = {}, hasAssetsCar, platform }: MergeInput): void {
  for (const key of ICON_KEYS) {
    const value = Object.hasOwn(iconKeys, key) ? iconKeys[key] : undefined;
    if (value === undefined) continue;
    if (key === 'CFBundleIcons' || key === 'CFBundleIcons~ipad')
      draft.set(key, iconsDict(value, draft.info[key], hasAssetsCar));
    else if (key !== 'CFBundleIconName' || hasAssetsCar) draft.set(key, value);
  }
  if (platform !== 'ios') return;
  const wroteIcons = Object.hasOwn(iconKeys, 'CFBundleIcons');
  // the oldest form (iOS 3) contradicts the newer one when both are there
  if (wroteIcons) draft.remove('CFBundleIconFiles');
  if (wroteIcons && hasAssetsCar)
    draft.set('CFBundleIconName', stringAt(iconKeys as PlistDict, 'CFBundleIconName') ?? 'AppIcon');
  // a name that no catalog resolves hides the loose icons
  if (!hasAssetsCar) draft.remove('CFBundleIconName');
}

/** The primary icon is replaced as a whole; alternate icons that the app brought stay. */
function iconsDict(drawn: PlistValue, present: PlistValue | undefined, hasAssetsCar: boolean): PlistValue {
  if (!isDict(drawn)) return drawn;
  const alternates = isDict(present) ? present.CFBundleAlternateIcons : undefined;
  const merged = newDict(Object.entries(drawn));
  const primary = merged.CFBundlePrimaryIcon;
  if (isDict(primary) && !hasAssetsCar)
    merged.CFBundlePrimaryIcon = newDict(
      Object.entries(primary).filter(([key]) => key !== 'CFBundleIconName'),
    );
  if (alternates !== undefined && !Object.hasOwn(merged, 'CFBundleAlternateIcons'))
    merged.CFBundleAlternateIcons = alternates;
  return merged;
}

class InfoDraft {
  readonly info: PlistDict;
  readonly changes: string[] = [];

  constructor(original: PlistDict) {
    this.info = newDict(Object.entries(original));
  }

  /** Only where nothing is. */
  fill(key: string, value: PlistValue): void {
    if (!Object.hasOwn(this.info, key)) this.set(key, value);
  }

  set(key: string, value: PlistValue): void {
    const present = Object.hasOwn(this.info, key) ? this.info[key] : undefined;
    if (present !== undefined && plistEquals(present, value)) return;
    this.info[key] = value;
    this.changes.push(`${present === undefined ? 'added' : 'changed'} ${key}${describe(value)}`);
  }

  remove(key: string): void {
    if (!Object.hasOwn(this.info, key)) return;
    delete this.info[key];
    this.changes.push(`removed ${key}`);
  }
}

function describe(value: PlistValue): string {
  if (typeof value === 'string') return ` = ${shown(value)}`;
  if (typeof value === 'boolean') return ` = ${value}`;
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? ` = [${value.join(', ')}]`
    : '';
}

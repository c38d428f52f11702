import { parseProfile } from '../domain/profile/index.ts';
import { ShipError } from '../errors.ts';
import { newDict, type PlistDict, parsePlistDict, stringAt } from '../formats/plist/index.ts';
import { nameOfApp } from '../verify/read-app.ts';
import { type PasswordFlags, passwordFor } from './passwords.ts';
import { MAX_PLIST_BYTES, readFlagFile, usage } from './sign-files.ts';

export interface SignFlags {
  readonly target?: 'macos-sign' | 'ios-sign';
  readonly distribute?: 'notarize' | 'appstore' | 'testflight' | 'both';
  readonly p12?: string;
  readonly p12PasswordFile?: string;
  readonly p12PasswordEnv?: string;
  readonly notarizeP12?: string;
  readonly notarizeP12PasswordFile?: string;
  readonly notarizeP12PasswordEnv?: string;
  readonly installerP12?: string;
  readonly installerP12PasswordFile?: string;
  readonly installerP12PasswordEnv?: string;
  readonly profile?: string;
  readonly entitlements?: string;
  readonly bundleId?: string;
  readonly teamId?: string;
  readonly apiKey?: string;
  readonly keyId?: string;
  readonly issuerId?: string;
}

/** What the flags name, read. */
export interface SignMaterial {
  /** As a hub would send it; secret. */
  readonly credentials: Readonly<Record<string, unknown>>;
  readonly entitlements?: PlistDict;
}

/**
 * Reads what a bundle is signed with. Secrets come from files, standard input, a variable or the terminal, never from
 * the command line.
 *
 * @throws ShipError COMMAND_USAGE_WRONG · PLIST_INVALID · PROFILE_INVALID · P12_PASSWORD_WRONG
 */
export async function readMaterial(flags: SignFlags, signal: AbortSignal): Promise<SignMaterial> {
  const entitlements = await readEntitlements(flags);
  await requireProfile(flags);
  const credentials = await credentialsOf(flags, signal);
  return { credentials, ...(entitlements && { entitlements }) };
}

/** One that cannot be read is an error also where the signature would not use it. */
export async function requireProfile({ profile }: SignFlags): Promise<void> {
  const bytes = await readFlagFile('--profile', profile);
  if (bytes) parseProfile(bytes);
}

export interface BundleInfo {
  readonly target: 'macos-sign' | 'ios-sign';
  readonly info: PlistDict;
}

/** What is wrong with it, the job itself says. */
export async function readInfo(path: string): Promise<PlistDict> {
  try {
    const bytes = await readFlagFile('Info.plist', path, MAX_PLIST_BYTES);
    return bytes ? parsePlistDict(bytes, { name: 'Info.plist' }) : newDict();
  } catch (error) {
    if (error instanceof ShipError) return newDict();
    throw error;
  }
}

/** @throws ShipError COMMAND_USAGE_WRONG · PLIST_INVALID */
export async function readEntitlements({ entitlements }: SignFlags): Promise<PlistDict | undefined> {
  const bytes = await readFlagFile('--entitlements', entitlements, MAX_PLIST_BYTES);
  return bytes && parsePlistDict(bytes, { name: 'entitlements', uniqueKeys: true });
}

const TEAM_FORM = /^[A-Z0-9]{10}$/;

/** @throws ShipError COMMAND_USAGE_WRONG when flags contradict each other, or the app */
export function refuseContradictions(target: BundleInfo['target'], flags: SignFlags): void {
  const { distribute, apiKey, keyId, issuerId } = flags;
  if (target === 'ios-sign' && (distribute === 'notarize' || distribute === 'both'))
    throw usage(`--distribute ${distribute} is for macOS apps, and this one is for iOS.`);
  const given = [apiKey, keyId, issuerId].filter((flag) => flag !== undefined).length;
  if (given !== 0 && given !== 3) throw usage('--api-key, --key-id and --issuer-id belong together.');
  if (flags.teamId !== undefined && !TEAM_FORM.test(flags.teamId))
    throw usage('--team-id must be 10 capital letters and digits.');
  if (flags.p12 === undefined && (flags.p12PasswordFile ?? flags.p12PasswordEnv) !== undefined)
    throw usage('A password of --p12 is given without --p12.');
  if (flags.notarizeP12 !== undefined && distribute !== 'both')
    throw usage('--notarize-p12 is for --distribute both; otherwise --p12 is what signs.');
}

const NUMBERS = /^\d+(\.\d+)*$/;

/** Names and versions are the bundle's own; what only a project knows stays out. */
export function manifestOf(bundle: string, { target, info }: BundleInfo, flags: SignFlags) {
  const version = [stringAt(info, 'CFBundleVersion'), stringAt(info, 'CFBundleShortVersionString')];
  const shortVersion = stringAt(info, 'CFBundleShortVersionString');
  const distribute = target === 'ios-sign' ? 'ios_distribute' : 'macos_distribute';
  return {
    app_name: nameFor(bundle),
    bundle_id: flags.bundleId ?? stringAt(info, 'CFBundleIdentifier') ?? 'unknown',
    version: version.find((text) => text !== undefined && NUMBERS.test(text)) ?? '1',
    ...(shortVersion !== undefined && NUMBERS.test(shortVersion) && { short_version: shortVersion }),
    targets: [target],
    ...(flags.distribute !== undefined && { [distribute]: flags.distribute }),
  };
}

/** The folder's name without `.app`, in the letters that a manifest allows. */
export const nameFor = (bundle: string): string =>
  nameOfApp(bundle)
    .replace(/\.app$/i, '')
    .replace(/[^\p{L}\p{M}\p{N} _-]+/gu, '-')
    .replace(/^[ -]+$/, '') || 'App';

/** As a hub would send them; secret. @throws ShipError COMMAND_USAGE_WRONG */
export async function credentialsOf(flags: SignFlags, signal: AbortSignal): Promise<Record<string, unknown>> {
  const main = await suppliedBy(['--p12', flags.p12], passwordFlags('p12', flags), signal);
  // one file of a Keychain export holds all identities of its owner; each pass picks its own
  const all = flags.distribute === 'both' ? main : undefined;
  const notarize = (await supplied('notarize', flags, signal)) ?? all;
  const installer = await supplied('installer', flags, signal);
  const profile = await readFlagFile('--profile', flags.profile);
  const key = await readFlagFile('--api-key', flags.apiKey);
  return {
    ...(flags.teamId !== undefined && { apple_team_id: flags.teamId }),
    ...(main && { apple_certificate_p12_base64: main.p12, apple_certificate_password: main.password }),
    ...(notarize && {
      apple_notarize_certificate_p12_base64: notarize.p12,
      apple_notarize_certificate_password: notarize.password,
    }),
    ...(installer && {
      apple_installer_certificate_p12_base64: installer.p12,
      apple_installer_certificate_password: installer.password,
    }),
    ...(profile && { provisioning_profile_base64: profile.toString('base64') }),
    ...(key && {
      apple_p8_key: key.toString('utf8'),
      apple_key_id: flags.keyId,
      apple_issuer_id: flags.issuerId,
    }),
  };
}

/** Another identity; its password is that of `--p12` unless it has one of its own. */
function supplied(which: 'notarize' | 'installer', flags: SignFlags, signal: AbortSignal) {
  const own = passwordFlags(`${which}P12`, flags);
  const hasOwn = own.file[1] !== undefined || own.variable[1] !== undefined;
  const password = hasOwn ? own : passwordFlags('p12', flags);
  return suppliedBy([`--${which}-p12`, flags[`${which}P12`]], password, signal);
}

function passwordFlags(which: 'p12' | 'notarizeP12' | 'installerP12', flags: SignFlags): PasswordFlags {
  const flag = `--${which.replace(/P12$/, '-p12')}-password`;
  return {
    file: [`${flag}-file`, flags[`${which}PasswordFile`]],
    variable: [`${flag}-env`, flags[`${which}PasswordEnv`]],
  };
}

async function suppliedBy(
  file: readonly [flag: string, path: string | undefined],
  flags: PasswordFlags,
  signal: AbortSignal,
) {
  const bytes = await readFlagFile(...file);
  if (!bytes) return undefined;
  const password = await passwordFor({ path: file[1] ?? '', bytes }, flags, signal);
  return { p12: bytes.toString('base64'), password };
}

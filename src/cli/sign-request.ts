import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { forgetKeys, openP12 } from '../domain/identity/index.ts';
import { newDict, type PlistDict, parsePlistDict, stringAt } from '../domain/plist/index.ts';
import { ShipError } from '../errors.ts';
import { nameOfApp } from '../verify/read-app.ts';
import { askPassword, terminal } from './ask-password.ts';
import { MAX_PLIST_BYTES, readFlagFile, readPasswordFile, usage } from './sign-files.ts';

export interface SignFlags {
  readonly target?: 'macos-sign' | 'ios-sign';
  readonly distribute?: 'notarize' | 'appstore' | 'testflight' | 'both';
  readonly p12?: string;
  readonly p12PasswordFile?: string;
  readonly notarizeP12?: string;
  readonly notarizeP12PasswordFile?: string;
  readonly installerP12?: string;
  readonly installerP12PasswordFile?: string;
  readonly profile?: string;
  readonly entitlements?: string;
  readonly bundleId?: string;
  readonly teamId?: string;
  readonly apiKey?: string;
  readonly keyId?: string;
  readonly issuerId?: string;
}

export interface SignInput {
  /** As a hub would send it. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** As a hub would send it; secret. */
  readonly credentials: Readonly<Record<string, unknown>>;
  readonly entitlements?: PlistDict;
}

/**
 * A command line as the assignment that a hub would have made of it. Secrets come from files or the terminal, never
 * from the command line or the environment.
 *
 * @throws ShipError COMMAND_USAGE_WRONG · P12_* when the file cannot be opened at all
 */
export async function readSignInput(
  bundle: string,
  flags: SignFlags,
  signal: AbortSignal,
): Promise<SignInput> {
  const info = await infoOf(bundle);
  const target = flags.target ?? info.target;
  refuseContradictions(target, flags);
  const entitlements = await readEntitlements(flags);
  return {
    manifest: manifestOf(bundle, { ...info, target }, flags),
    credentials: await credentialsOf(flags, signal),
    ...(entitlements && { entitlements }),
  };
}

export interface BundleInfo {
  readonly target: 'macos-sign' | 'ios-sign';
  readonly info: PlistDict;
}

/** A macOS app has everything in `Contents`. What is wrong with the bundle, the job itself says. */
async function infoOf(bundle: string): Promise<BundleInfo> {
  const found = await stat(bundle).catch(() => undefined);
  if (!found?.isDirectory())
    throw usage('The bundle is not a folder that exists.', 'An app bundle is a folder <name>.app.');
  const isDeep = (await lstat(join(bundle, 'Contents')).catch(() => undefined))?.isDirectory() === true;
  const path = join(bundle, isDeep ? 'Contents/Info.plist' : 'Info.plist');
  return { target: isDeep ? 'macos-sign' : 'ios-sign', info: await readInfo(path) };
}

async function readInfo(path: string): Promise<PlistDict> {
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
  return bytes && parsePlistDict(bytes, { name: 'entitlements' });
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
  if (flags.p12PasswordFile !== undefined && flags.p12 === undefined)
    throw usage('--p12-password-file is given without --p12.');
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
const nameFor = (bundle: string): string =>
  nameOfApp(bundle)
    .replace(/\.app$/i, '')
    .replace(/[^\p{L}\p{M}\p{N} _-]+/gu, '-')
    .replace(/^[ -]+$/, '') || 'App';

/** As a hub would send them; secret. @throws ShipError COMMAND_USAGE_WRONG */
export async function credentialsOf(flags: SignFlags, signal: AbortSignal): Promise<Record<string, unknown>> {
  const main = await suppliedBy(['--p12', flags.p12], ['--p12-password-file', flags.p12PasswordFile], signal);
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

/** Another identity; its password is that of `--p12` unless it has a file of its own. */
function supplied(which: 'notarize' | 'installer', flags: SignFlags, signal: AbortSignal) {
  const passwordFile = flags[`${which}P12PasswordFile`] ?? flags.p12PasswordFile;
  return suppliedBy(
    [`--${which}-p12`, flags[`${which}P12`]],
    [`--${which}-p12-password-file`, passwordFile],
    signal,
  );
}

type Flag = readonly [flag: string, path: string | undefined];

async function suppliedBy(file: Flag, passwordFile: Flag, signal: AbortSignal) {
  const p12 = await readFlagFile(...file);
  if (!p12) return undefined;
  const given = await readPasswordFile(...passwordFile);
  const password = given ?? (await askFor(file[1] ?? '', p12, signal));
  return { p12: p12.toString('base64'), password };
}

/** Asks only when the file wants a password, and somebody is there to be asked. */
async function askFor(path: string, p12: Buffer, signal: AbortSignal): Promise<string> {
  const asked = terminal();
  if (!asked || opensWithoutPassword(p12)) return '';
  return askPassword(`Password of ${nameOfApp(path)}: `, asked, signal);
}

function opensWithoutPassword(p12: Buffer): boolean {
  try {
    forgetKeys(openP12(p12, ''));
    return true;
  } catch (error) {
    return !(error instanceof ShipError && error.code === 'P12_PASSWORD_WRONG');
  }
}

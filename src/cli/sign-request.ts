import type { Inquirer } from '../actors/inquiries.ts';
import { bundleIdFault, type SigningWishes } from '../domain/manifest/index.ts';
import type { ArtifactFormat } from '../sign/artifact-format.ts';
import { apiKeyOf, refuseHalfKey } from './api-key.ts';
import { type PasswordFlags, passwordFor } from './passwords.ts';
import { MAX_PLIST_BYTES, readFlagFile, usage } from './sign-files.ts';
import { testingFlagsIn, testingWishes } from './testing-flags.ts';

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
  readonly notarize?: boolean;
  readonly publish?: boolean;
  readonly apiKey?: string;
  readonly apiKeyEnv?: string;
  readonly keyId?: string;
  readonly issuerId?: string;
  readonly format?: ArtifactFormat;
  readonly debugSymbols?: boolean;
  readonly wait?: boolean;
  readonly testflightGroup?: readonly string[];
  readonly testflightNotes?: string;
}

/** `--notarize` and `--publish` are short for ways of distribution. */
export function withDistribution<T extends SignFlags>(flags: T): T {
  const { notarize, publish } = flags;
  const short = notarize ? (publish ? 'both' : 'notarize') : publish ? 'appstore' : undefined;
  return short === undefined ? flags : { ...flags, distribute: short };
}

/** What the flags name, read. */
export interface SignMaterial {
  /** As a hub would send it; secret. */
  readonly credentials: Readonly<Record<string, unknown>>;
  /** Property list, base64. */
  readonly entitlementsBase64?: string;
}

/**
 * Reads what a bundle is signed with. Secrets come from files, standard input, a variable or the terminal, never from
 * the command line.
 *
 * @throws ShipError COMMAND_USAGE_WRONG · PLIST_INVALID · PROFILE_INVALID · P12_PASSWORD_WRONG
 */
export async function readMaterial(
  flags: SignFlags,
  inquirer: Inquirer,
  signal: AbortSignal,
): Promise<SignMaterial> {
  const entitlements = await entitlementsBase64Of(flags);
  const profile = await readFlagFile('--profile', flags.profile);
  const files = { ...entitlements, ...(profile && { profileBase64: profile.toString('base64') }) };
  if (Object.keys(files).length > 0) await inquirer.ask('readSigningFiles', files, signal);
  return { credentials: await credentialsOf(flags, inquirer, signal), ...entitlements };
}

/** @throws ShipError COMMAND_USAGE_WRONG */
export async function entitlementsBase64Of({
  entitlements,
}: SignFlags): Promise<{ readonly entitlementsBase64?: string }> {
  const bytes = await readFlagFile('--entitlements', entitlements, MAX_PLIST_BYTES);
  return bytes ? { entitlementsBase64: bytes.toString('base64') } : {};
}

/** @throws ShipError COMMAND_USAGE_WRONG when the notes cannot be read */
export async function wishesOf(flags: SignFlags): Promise<SigningWishes> {
  const { target, distribute, bundleId, format, debugSymbols } = flags;
  return {
    ...(target && { target }),
    ...(distribute && { distribute }),
    ...(bundleId !== undefined && { bundleId }),
    ...(format === 'pkg' && { macosPackage: format }),
    ...(debugSymbols && { debugSymbols }),
    ...(await testingWishes(flags)),
  };
}

const TEAM_FORM = /^[A-Z0-9]{10}$/;

/** @throws ShipError COMMAND_USAGE_WRONG when flags contradict each other, or the app */
export function refuseContradictions(target: 'macos-sign' | 'ios-sign', flags: SignFlags): void {
  const { distribute, bundleId } = flags;
  if (target === 'ios-sign' && (distribute === 'notarize' || distribute === 'both'))
    throw usage(`--distribute ${distribute} is for macOS apps.`, 'This app is for iOS.');
  refuseHalfKey(flags);
  const follows = testingFlagsIn(flags);
  if (follows.length > 0 && (distribute === undefined || distribute === 'notarize'))
    throw usage(
      `${follows[0]} is for builds that go to App Store Connect.`,
      distribute === undefined ? 'The app is to go nowhere.' : 'The app is to be notarized.',
      'Add --publish, or leave it out.',
    );
  if (flags.teamId !== undefined && !TEAM_FORM.test(flags.teamId))
    throw usage('--team-id must be 10 capital letters and digits.', `It is ${JSON.stringify(flags.teamId)}.`);
  const fault = bundleId === undefined ? undefined : bundleIdFault(bundleId);
  if (fault !== undefined) throw usage(`--bundle-id ${fault}.`, `It is ${JSON.stringify(bundleId)}.`);
  if (flags.p12 === undefined && (flags.p12PasswordFile ?? flags.p12PasswordEnv) !== undefined)
    throw usage('A password of --p12 is given without --p12.', 'There is no file that it could open.');
  if (flags.notarizeP12 !== undefined && distribute !== 'both')
    throw usage('--notarize-p12 is for --distribute both.', 'Otherwise --p12 is what signs.');
}

/** Said, and no error: a file of settings may name every identity that its owner has. */
export function tellUnusedInstaller(target: 'macos-sign' | 'ios-sign', flags: SignFlags): void {
  const { installerP12, format, distribute } = flags;
  const isToStore = distribute !== undefined && distribute !== 'notarize';
  if (installerP12 === undefined || (target === 'macos-sign' && (format === 'pkg' || isToStore))) return;
  const packed = target === 'ios-sign' ? 'An iOS app is packed as an .ipa' : 'The app goes into no package';
  process.stderr.write(
    `note: --installer-p12 is not used. ${packed}; it signs installer packages (--format pkg) and what goes to the Mac App Store.\n`,
  );
}

/** As a hub would send them; secret. @throws ShipError COMMAND_USAGE_WRONG */
export async function credentialsOf(
  flags: SignFlags,
  inquirer: Inquirer,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const supplied = (which: 'notarize' | 'installer') => suppliedAs(which, flags, inquirer, signal);
  const main = await suppliedBy(['--p12', flags.p12], passwordFlags('p12', flags), inquirer, signal);
  // one file of a Keychain export holds all identities of its owner; each pass picks its own
  const all = flags.distribute === 'both' ? main : undefined;
  const notarize = (await supplied('notarize')) ?? all;
  const installer = await supplied('installer');
  const profile = await readFlagFile('--profile', flags.profile);
  const key = await apiKeyOf(flags);
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
    ...key,
  };
}

/** Another identity; its password is that of `--p12` unless it has one of its own. */
function suppliedAs(
  which: 'notarize' | 'installer',
  flags: SignFlags,
  inquirer: Inquirer,
  signal: AbortSignal,
) {
  const own = passwordFlags(`${which}P12`, flags);
  const hasOwn = own.file[1] !== undefined || own.variable[1] !== undefined;
  const password = hasOwn ? own : passwordFlags('p12', flags);
  return suppliedBy([`--${which}-p12`, flags[`${which}P12`]], password, inquirer, signal);
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
  inquirer: Inquirer,
  signal: AbortSignal,
) {
  const bytes = await readFlagFile(...file);
  if (!bytes) return undefined;
  const password = await passwordFor({ path: file[1] ?? '', bytes }, flags, inquirer, signal);
  return { p12: bytes.toString('base64'), password };
}

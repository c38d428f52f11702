import { lstat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Inquirer } from '../actors/inquiries.ts';
import { localAppName, localManifest } from '../domain/manifest/index.ts';
import { slug } from '../domain/slug.ts';
import { targetOf } from '../files/disk/app-target.ts';
import type { LocalBundle } from '../run/channel/run-setup.ts';
import { requireArtifactFolder, requireArtifactPath, requireFreeFile } from '../sign/artifact-target.ts';
import type { SignInput } from '../sign/sign-bundle.ts';
import { usage } from './sign-files.ts';
import { refuseContradictions, type SignFlags, tellUnusedInstaller, wishesOf } from './sign-request.ts';

export interface ArtifactFlags extends SignFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly provenance?: string;
}

/**
 * What can be known before the bundle is opened and before anybody is asked for a password: that the flags fit it, and
 * that the artifact can be written where it is wanted.
 *
 * @throws ShipError COMMAND_USAGE_WRONG · ARTIFACT_NOT_WRITTEN
 */
export async function foreseen(path: string, flags: ArtifactFlags): Promise<void> {
  const target = flags.target ?? (await foreseenTarget(path));
  await foreseenStatement(path, flags);
  if (target) refuseUnfit(target, flags);
  const isFolder = (await lstat(path)).isDirectory();
  if (target && isFolder) await artifactOf({ appPath: path, target }, path, flags);
  else await requireArtifactFolder(wantedBy(flags), target && endingOf(target, flags), path);
}

/** An app in a folder has no digest that a statement could be about. */
async function foreseenStatement(path: string, { provenance, format, force = false }: ArtifactFlags) {
  if (provenance === undefined) return;
  if (format === 'app')
    throw usage(
      '--provenance is for an artifact that is one file.',
      'With --format app it is a folder.',
      'Take --format zip, or leave --provenance out.',
    );
  await requireFreeFile('--provenance', provenance, { force, bundle: path });
}

async function foreseenTarget(path: string): Promise<LocalBundle['target'] | undefined> {
  if ((await lstat(path)).isDirectory()) return targetOf(path);
  return /\.ipa$/i.test(path) ? 'ios-sign' : undefined;
}

/** The bundle, and the job that a hub would have made of it. @throws ShipError as above · BUNDLE_* */
export async function openForSigning(
  path: string,
  {
    dir,
    flags,
    inquirer,
    signal,
  }: { dir: string; flags: ArtifactFlags; inquirer: Inquirer; signal: AbortSignal },
): Promise<Omit<SignInput, 'credentials' | 'entitlementsBase64'>> {
  const { target } = flags;
  const { bundle, names } = await inquirer.ask(
    'openBundle',
    { path, dir, ...(target && { target }) },
    signal,
  );
  refuseUnfit(bundle.target, flags);
  tellUnusedInstaller(bundle.target, flags);
  return {
    bundle,
    manifest: localManifest({ path: bundle.appPath, target: bundle.target, names }, await wishesOf(flags)),
    artifact: {
      wanted: await artifactOf(bundle, path, flags),
      force: flags.force ?? false,
      ...(flags.format && { format: flags.format }),
      ...(flags.provenance !== undefined && { provenance: resolve(flags.provenance) }),
    },
  };
}

async function artifactOf(
  { appPath, target }: Pick<LocalBundle, 'appPath' | 'target'>,
  argument: string,
  flags: ArtifactFlags,
): Promise<string> {
  const ending = endingOf(target, flags);
  const folder = await requireArtifactFolder(wantedBy(flags), ending, argument);
  const name = ending === '.app' ? basename(appPath) : `${slug(localAppName(appPath), 'app')}${ending}`;
  return requireArtifactPath(folder, name, wantedBy(flags));
}

function refuseUnfit(target: LocalBundle['target'], flags: ArtifactFlags): void {
  refuseContradictions(target, flags);
  const { format, distribute } = flags;
  const apiKey = flags.apiKey ?? flags.apiKeyEnv;
  if (format === undefined) return;
  if (target === 'ios-sign') throw usage('--format is for macOS apps.', 'An iOS app is packed as an .ipa.');
  if (distribute === 'appstore' || distribute === 'testflight')
    throw usage('--format is for apps outside the App Store.', 'The store takes an installer package alone.');
  // with a key of App Store Connect, an app that is distributed directly is notarized
  if ((distribute ?? apiKey) !== undefined && (format === 'app' || format === 'zip'))
    throw usage(
      `--format ${format} cannot be notarized.`,
      'The notarization ticket is attached to a disk image or an installer package, which then covers the app in it.',
      `Leave --format out to get the notarized disk image${distribute === undefined ? ', or leave --api-key out to sign only' : ', or leave --distribute and --api-key out to sign only'}.`,
    );
}

const wantedBy = ({ out = '.', force = false }: ArtifactFlags) => ({ out, force });

function endingOf(target: LocalBundle['target'], { distribute, format }: ArtifactFlags): string {
  if (format !== undefined) return `.${format}`;
  if (target === 'ios-sign') return '.ipa';
  return distribute === 'appstore' || distribute === 'testflight' ? '.pkg' : '.dmg';
}

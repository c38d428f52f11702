import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { slug } from '../domain/slug.ts';
import type { ArtifactFormat } from '../sign/artifact-format.ts';
import { requireArtifactFolder, requireArtifactPath } from '../sign/artifact-target.ts';
import { type OpenedBundle, openBundle, targetOf } from '../sign/opened-bundle.ts';
import type { SignInput } from '../sign/sign-bundle.ts';
import { usage } from './sign-files.ts';
import { manifestOf, nameFor, readInfo, refuseContradictions, type SignFlags } from './sign-request.ts';

export interface ArtifactFlags extends SignFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly format?: ArtifactFormat;
}

/**
 * What can be known before the bundle is opened and before anybody is asked for a password: that the flags fit it, and
 * that the artifact can be written where it is wanted.
 *
 * @throws ShipError COMMAND_USAGE_WRONG · ARTIFACT_NOT_WRITTEN
 */
export async function foreseen(path: string, flags: ArtifactFlags): Promise<void> {
  const target = flags.target ?? (await foreseenTarget(path));
  if (target) refuseUnfit(target, flags);
  const isFolder = (await lstat(path)).isDirectory();
  if (target && isFolder) await artifactOf({ appPath: path, target }, path, flags);
  else await requireArtifactFolder(wantedBy(flags), target && endingOf(target, flags), path);
}

async function foreseenTarget(path: string): Promise<OpenedBundle['target'] | undefined> {
  if ((await lstat(path)).isDirectory()) return targetOf(path);
  return /\.ipa$/i.test(path) ? 'ios-sign' : undefined;
}

/** The bundle, and the job that a hub would have made of it. @throws ShipError as above · BUNDLE_* */
export async function openForSigning(
  path: string,
  { dir, flags, signal }: { dir: string; flags: ArtifactFlags; signal: AbortSignal },
): Promise<Omit<SignInput, 'credentials' | 'entitlements'>> {
  const { target } = flags;
  const bundle = await openBundle(path, { dir, signal, ...(target && { target }) });
  refuseUnfit(bundle.target, flags);
  const info = await readInfo(
    join(bundle.appPath, bundle.target === 'macos-sign' ? 'Contents/Info.plist' : 'Info.plist'),
  );
  return {
    bundle,
    manifest: manifestOf(bundle.appPath, { target: bundle.target, info }, flags),
    artifact: {
      wanted: await artifactOf(bundle, path, flags),
      force: flags.force ?? false,
      ...(flags.format && { format: flags.format }),
    },
  };
}

async function artifactOf(
  { appPath, target }: Pick<OpenedBundle, 'appPath' | 'target'>,
  argument: string,
  flags: ArtifactFlags,
): Promise<string> {
  const ending = endingOf(target, flags);
  const folder = await requireArtifactFolder(wantedBy(flags), ending, argument);
  const name = ending === '.app' ? basename(appPath) : `${slug(nameFor(appPath), 'app')}${ending}`;
  return requireArtifactPath(folder, name, wantedBy(flags));
}

function refuseUnfit(target: OpenedBundle['target'], flags: ArtifactFlags): void {
  refuseContradictions(target, flags);
  const { format, distribute, apiKey } = flags;
  if (format === undefined) return;
  if (target === 'ios-sign') throw usage('--format is for macOS apps; an iOS app is packed as an .ipa.');
  if (distribute === 'appstore' || distribute === 'testflight')
    throw usage('--format is for apps outside the App Store, which takes an installer package alone.');
  // with a key of App Store Connect, an app that is distributed directly is notarized
  if ((distribute ?? apiKey) !== undefined && format !== 'dmg')
    throw usage(
      `--format ${format} cannot be notarized.`,
      'The notarization ticket is attached to a disk image, which then covers the app in it.',
      `Leave --format out to get the notarized disk image${distribute === undefined ? ', or leave --api-key out to sign only' : ', or leave --distribute and --api-key out to sign only'}.`,
    );
}

const wantedBy = ({ out = '.', force = false }: ArtifactFlags) => ({ out, force });

function endingOf(target: OpenedBundle['target'], { distribute, format }: ArtifactFlags): string {
  if (format !== undefined) return `.${format}`;
  if (target === 'ios-sign') return '.ipa';
  return distribute === 'appstore' || distribute === 'testflight' ? '.pkg' : '.dmg';
}

import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleNames } from '../domain/manifest/index.ts';
import { ShipError } from '../errors.ts';
import { findBundle } from '../files/archive/find-bundle.ts';
import { unpackBundleFile } from '../files/archive/unpack-bundle.ts';
import { readPlainFile } from '../files/bundle/plain-file.ts';
import { targetOf } from '../files/disk/app-target.ts';
import { parsePlistDict } from '../formats/plist/index.ts';
import type { OpenBundleCall } from '../run/channel/inquiries.ts';
import type { LocalBundle } from '../run/channel/run-setup.ts';
import { namesIn } from './bundle-names.ts';

const MAX_INFO_BYTES = 4 * 1024 * 1024;

/**
 * A folder as it is; an archive (`.ipa`, `.zip`, `.tar.gz`) is unpacked.
 *
 * @throws ShipError BUNDLE_*
 */
export async function openBundle(
  call: OpenBundleCall,
  signal: AbortSignal,
): Promise<{ readonly bundle: LocalBundle; readonly names: BundleNames }> {
  const bundle = await opened(call, signal);
  return { bundle, names: await namesOf(bundle) };
}

async function opened({ path, dir, target }: OpenBundleCall, signal: AbortSignal): Promise<LocalBundle> {
  if ((await lstat(path)).isDirectory()) return { appPath: path, target: target ?? (await targetOf(path)) };
  const folder = join(dir, 'archive');
  const { unpackedBytes: sizeBytes } = await unpackBundleFile(path, folder, { signal });
  const { appPath } = await findBundle(folder, target ?? 'ios-sign');
  return { appPath, target: target ?? (await targetOf(appPath)), unpacked: { folder, sizeBytes } };
}

/** What is wrong with its Info.plist, the job itself says. */
async function namesOf({ appPath, target }: LocalBundle): Promise<BundleNames> {
  try {
    const path = target === 'macos-sign' ? 'Contents/Info.plist' : 'Info.plist';
    const bytes = await readPlainFile(appPath, path, MAX_INFO_BYTES);
    return bytes ? namesIn(parsePlistDict(bytes, { name: 'Info.plist' })) : {};
  } catch (error) {
    if (error instanceof ShipError) return {};
    throw error;
  }
}

import { constants } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { embeddedSwiftLibraries } from '../../domain/bundle/swift-libraries.ts';
import { ShipError } from '../../errors.ts';
import { checkSignature } from '../code-signature/index.ts';
import { plainPath } from './plain-file.ts';

/** Apple's have some forty libraries a platform. */
const MAX_LIBRARIES = 200;
const LIBRARY = /^libswift\w+\.dylib$/;
export const SWIFT_SUPPORT = 'SwiftSupport';

/** Originals of the Swift runtime that an app brings along, e.g. `iphoneos/libswiftCore.dylib`. */
export interface SwiftSupport {
  /** By platform and name: true when the library still has the signature that Apple gave it. */
  readonly libraries: ReadonlyMap<string, boolean>;
  /** They are taken from the app, because nothing came with it. */
  readonly isMade: boolean;
}

/**
 * What lies in `SwiftSupport` beside `Payload`; without that folder it can be made of what the app embeds.
 *
 * @param archiveDir - where the folder would be
 * @returns undefined when the app embeds no such library and none came with it
 */
export async function readSwiftSupport(
  app: { readonly appPath: string; readonly files: Iterable<string> },
  archiveDir: string | undefined,
  signal: AbortSignal,
): Promise<SwiftSupport | undefined> {
  const came = archiveDir === undefined ? undefined : await librariesIn(join(archiveDir, SWIFT_SUPPORT));
  const places = came ?? (await placesInApp(app));
  if (!came && places.size === 0) return undefined;
  const libraries = new Map<string, boolean>();
  for (const [name, path] of [...places].slice(0, MAX_LIBRARIES))
    libraries.set(name, await isApples(path, signal));
  return { libraries, isMade: !came };
}

/** Copies what the app embeds, before it is signed anew, to where the App Store looks for the originals. */
export async function makeSwiftSupport(
  app: { readonly appPath: string; readonly files: Iterable<string> },
  archiveDir: string,
): Promise<void> {
  for (const [name, path] of await placesInApp(app)) {
    const copy = join(archiveDir, SWIFT_SUPPORT, name);
    await mkdir(dirname(copy), { recursive: true });
    await copyFile(path, copy, constants.COPYFILE_EXCL);
  }
}

async function placesInApp({
  appPath,
  files,
}: {
  readonly appPath: string;
  readonly files: Iterable<string>;
}): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const [name, path] of embeddedSwiftLibraries(files)) places.set(name, await plainPath(appPath, path));
  return places;
}

async function librariesIn(dir: string): Promise<Map<string, string> | undefined> {
  const platforms = await itemsIn(dir);
  if (!platforms) return undefined;
  const found = new Map<string, string>();
  for (const platform of platforms.filter((item) => item.isDirectory()))
    for (const item of (await itemsIn(join(dir, platform.name))) ?? [])
      if (item.isFile() && LIBRARY.test(item.name))
        found.set(`${platform.name}/${item.name}`, join(dir, platform.name, item.name));
  return found;
}

const itemsIn = (dir: string) => readdir(dir, { withFileTypes: true }).catch(() => undefined);

async function isApples(path: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { signatures, findings } = await checkSignature(path, { signal, leftovers: 'tolerated' });
    const anchored = signatures.every(({ cms }) => cms?.anchor === 'apple-root');
    return signatures.length > 0 && findings.length === 0 && anchored;
  } catch (error) {
    if (error instanceof ShipError) return false;
    throw error;
  }
}

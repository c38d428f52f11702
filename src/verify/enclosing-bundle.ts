import { open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ShipError } from '../errors.ts';
import { parsePlistDict, stringAt } from '../formats/plist/index.ts';

const MAX_BYTES = 1024 * 1024;

/**
 * The bundle whose main executable a file is; nothing when it stands alone. Such a file carries the signature of the
 * whole bundle, and says nothing without it: Apple's codesign looks at the bundle, too.
 */
export async function bundleAround(path: string): Promise<string | undefined> {
  const folder = dirname(resolve(path));
  const isDeep = basename(folder) === 'MacOS' && basename(dirname(folder)) === 'Contents';
  const bundle = isDeep ? dirname(dirname(folder)) : folder;
  const infoPlist = join(bundle, isDeep ? 'Contents/Info.plist' : 'Info.plist');
  const isMain = (await executableIn(infoPlist))?.normalize('NFC') === basename(path).normalize('NFC');
  return isMain ? bundle : undefined;
}

async function executableIn(infoPlist: string): Promise<string | undefined> {
  const file = await open(infoPlist, 'r').catch(() => undefined);
  if (!file) return undefined;
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size > MAX_BYTES) return undefined;
    return stringAt(parsePlistDict(await file.readFile(), { name: 'Info.plist' }), 'CFBundleExecutable');
  } catch (error) {
    if (error instanceof ShipError) return undefined;
    throw error;
  } finally {
    await file.close();
  }
}

import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

/** A macOS app has everything in `Contents`. */
export async function targetOf(appPath: string): Promise<'macos-sign' | 'ios-sign'> {
  const contents = await lstat(join(appPath, 'Contents')).catch(() => undefined);
  return contents?.isDirectory() ? 'macos-sign' : 'ios-sign';
}

import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder for what can be fetched or made again: `~/Library/Caches` on macOS, XDG elsewhere. */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>>,
  platform = process.platform,
): string {
  const home = env.HOME || homedir();
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'perry-ship');
  return join(env.XDG_CACHE_HOME || join(home, '.cache'), 'perry-ship');
}

import { withEnvFile } from '../config/env-file.ts';
import { defaultImageDir } from '../config/settings.ts';
import { type DiskUse, diskUse } from '../doctor/disk-use.ts';
import type { StateDirFlags } from './state-dir.ts';

/** What of the disk belongs to a daemon, found by the settings that this command was given, as far as they go. */
export async function diskOf(stateDir: string, { envFile }: StateDirFlags): Promise<DiskUse> {
  const env = await withEnvFile(process.env, envFile);
  return diskUse({
    stateDir,
    imageDir: env.PERRY_IMAGE_DIR || defaultImageDir(env),
    logFile: env.PERRY_LOG_FILE || undefined,
  });
}

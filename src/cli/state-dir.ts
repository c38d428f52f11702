import { resolve } from 'node:path';
import { withEnvFile } from '../config/env-file.ts';
import { defaultStateDir } from '../config/settings.ts';

/** How the commands that talk to a daemon find it. */
export interface StateDirFlags {
  readonly stateDir?: string;
  readonly envFile?: string;
}

/** `--state-dir`, else PERRY_STATE_DIR of the environment or of the file, else the default of this platform. */
export async function stateDirOf({ stateDir, envFile }: StateDirFlags): Promise<string> {
  if (stateDir !== undefined) return resolve(stateDir);
  const env = await withEnvFile(process.env, envFile);
  return resolve(env.PERRY_STATE_DIR || defaultStateDir(env, process.platform));
}

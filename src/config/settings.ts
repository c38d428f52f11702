import { homedir, hostname } from 'node:os';
import { join } from 'node:path';

/** One setting: where it comes from, what it means, what holds when it is not given. */
export interface Setting {
  readonly variable: string;
  readonly meaning: string;
  /** As shown in the documentation. */
  readonly defaultText: string;
  readonly secret?: true;
}

const MAC_STATE = join('Library', 'Application Support', 'perry-ship');
const XDG_STATE = join('.local', 'state');

export const defaultStateDir = (env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string =>
  platform === 'darwin'
    ? join(homedir(), MAC_STATE)
    : join(env.XDG_STATE_HOME ?? join(homedir(), XDG_STATE), 'perry-ship');

export const defaultDriver = (platform: NodeJS.Platform): string =>
  platform === 'darwin' ? 'tart' : 'local';

export const defaultWorkerName = (): string => hostname() || 'worker';

/** Every setting there is; the table in the README is kept equal by a test. */
export const settings = {
  hubUrl: {
    variable: 'PERRY_HUB_URL',
    meaning: 'WebSocket address of the hub',
    defaultText: '`wss://hub.perryts.com/ws`',
  },
  hubSecret: {
    variable: 'PERRY_HUB_WORKER_SECRET',
    meaning:
      'Secret that the hub expects of its workers; `PERRY_HUB_SECRET` is read when this one is not set',
    defaultText: 'none is sent',
    secret: true,
  },
  hubHttpUrl: {
    variable: 'PERRY_HUB_HTTP_URL',
    meaning: 'HTTP base of the hub; replaces the one in each job, for a hub that names a wrong one',
    defaultText: 'as each job says',
  },
  workerName: { variable: 'PERRY_WORKER_NAME', meaning: 'Name shown by the hub', defaultText: 'host name' },
  maxConcurrent: {
    variable: 'PERRY_MAX_CONCURRENT_BUILDS',
    meaning: 'Jobs at the same time, each in its own machine (1 to 64)',
    defaultText: '`2`',
  },
  vmDriver: {
    variable: 'PERRY_VM_DRIVER',
    meaning: '`tart`, `orchard` or `local`; `local` isolates nothing and is for development',
    defaultText: '`tart` on macOS, `local` elsewhere',
  },
  tartImage: {
    variable: 'PERRY_TART_IMAGE',
    meaning: 'Golden image that is cloned for each job; with the `local` driver a template directory',
    defaultText: '`perry-ship-golden`; `local`: a template of its own',
  },
  tartSshPassword: {
    variable: 'PERRY_TART_SSH_PASSWORD',
    meaning: 'SSH password of the golden image',
    defaultText: '`admin`',
    secret: true,
  },
  stateDir: {
    variable: 'PERRY_STATE_DIR',
    meaning: 'Run directories, clones of the `local` driver, identity of this installation',
    defaultText: '`~/.local/state/perry-ship`; macOS: `~/Library/Application Support/perry-ship`',
  },
  rcodesign: {
    variable: 'PERRY_RCODESIGN',
    meaning: 'Path of rcodesign 0.29.0',
    defaultText: 'PATH, then the cache, then fetched once',
  },
  timestampUrl: {
    variable: 'PERRY_TIMESTAMP_URL',
    meaning: 'Time-stamp authority for signatures of directly distributed macOS apps, or `none`',
    defaultText: '`http://timestamp.apple.com/ts01`',
  },
  storeTimestampUrl: {
    variable: 'PERRY_STORE_TIMESTAMP_URL',
    meaning: 'The same for iOS and Mac App Store signatures, which Apple wants without a time stamp',
    defaultText: '`none`',
  },
  jobTimeoutMinutes: {
    variable: 'PERRY_JOB_TIMEOUT_MINUTES',
    meaning: 'Longest time for one job, from its slot to its result',
    defaultText: '`60`',
  },
  drainTimeoutMinutes: {
    variable: 'PERRY_DRAIN_TIMEOUT_MINUTES',
    meaning: 'How long running jobs may finish after SIGTERM before they are cancelled',
    defaultText: '`60`',
  },
  hubErrors: {
    variable: 'PERRY_HUB_ERROR_MESSAGES',
    meaning:
      '`off` reports failures by log lines and `complete` only, because the hub frees two slots for `error`',
    defaultText: '`on`',
  },
  logLevel: {
    variable: 'PERRY_LOG_LEVEL',
    meaning: '`debug`, `info`, `warn` or `error`',
    defaultText: '`info`',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

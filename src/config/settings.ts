import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { vmDriverChoice } from '../domain/vm-driver.ts';
import { appleSettings } from './apple-settings.ts';
import { orchardSettings } from './orchard-settings.ts';

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

const homeOf = (env: NodeJS.ProcessEnv): string => env.HOME || homedir();

export const defaultStateDir = (env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string =>
  platform === 'darwin'
    ? join(homeOf(env), MAC_STATE)
    : join(env.XDG_STATE_HOME ?? join(homeOf(env), XDG_STATE), 'perry-ship');

export const defaultImageDir = (env: NodeJS.ProcessEnv): string =>
  join(env.XDG_DATA_HOME || join(homeOf(env), '.local', 'share'), 'perry-ship', 'images');

export const defaultWorkerName = (): string => hostname() || 'worker';

/** Of JavaScript objects, as V8 counts them. A job works on streams: its size is no part of it. */
export const defaultRunHeapMb = 512;
/** Everything, decoded pictures and buffers included. */
export const defaultRunMemoryMb = 1_024;

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
    meaning:
      'Jobs at the same time, each in its own machine (1 to 64; to 256 with `orchard`); with `orchard` also `auto`: as many as the cluster has room for',
    defaultText: '`2`',
  },
  standbyMachines: {
    variable: 'PERRY_VM_STANDBY',
    meaning: 'Machines that are booted before a job needs one, where there are free slots; `0` for none',
    defaultText: 'one for each slot; two with `orchard`',
  },
  vmDriver: {
    variable: 'PERRY_VM_DRIVER',
    meaning: `${vmDriverChoice((kind) => `\`${kind}\``)}; \`local\` isolates nothing and is for development`,
    defaultText:
      '`tart` on macOS; on Linux `qemu` where QEMU and the golden image are there; `local` elsewhere',
  },
  guestNetwork: {
    variable: 'PERRY_GUEST_NETWORK',
    meaning:
      'Network of the machines: `none`, where they reach nothing by themselves and time stamps come through the worker, or `shared`, that of this host',
    defaultText: '`none`',
  },
  tartImage: {
    variable: 'PERRY_TART_IMAGE',
    meaning: 'Golden image that is cloned for each job; with the `local` driver a template directory',
    defaultText: '`perry-ship-golden`; `local`: a template of its own',
  },
  imageDir: {
    variable: 'PERRY_IMAGE_DIR',
    meaning: 'Golden images for QEMU that `perry-ship image build` makes; shared by all daemons of a user',
    defaultText: '`~/.local/share/perry-ship/images`',
  },
  toolchain: {
    variable: 'PERRY_TOOLCHAIN',
    meaning:
      "`xcode` when the machines run macOS with Apple's tools, `portable` when they only have rcodesign",
    defaultText: 'found out from the machine',
  },
  tartBinary: {
    variable: 'PERRY_TART_BINARY',
    meaning: 'The `tart` program, by name or absolute path',
    defaultText: "`tart`, on PATH or in Homebrew's folders",
  },
  tartHome: {
    variable: 'TART_HOME',
    meaning: "Tart's own folder of machines and images; best one for each worker, mode 0700",
    defaultText: '`~/.tart`',
  },
  tartSshUser: {
    variable: 'PERRY_TART_SSH_USER',
    meaning: 'User of the golden image that the worker logs in as',
    defaultText: '`admin`',
  },
  tartSshPassword: {
    variable: 'PERRY_TART_SSH_PASSWORD',
    meaning: 'SSH password of the golden image',
    defaultText: '`admin`',
    secret: true,
  },
  tartSshKeyFile: {
    variable: 'PERRY_TART_SSH_KEY_FILE',
    meaning: 'Private SSH key, without a passphrase, that takes the place of the password',
    defaultText: 'the password is used',
  },
  tartSshPort: { variable: 'PERRY_TART_SSH_PORT', meaning: 'Port of SSH in the guest', defaultText: '`22`' },
  tartHostKey: {
    variable: 'PERRY_TART_HOST_KEY',
    meaning: 'Fingerprint (`SHA256:…`) of the SSH host key of the golden image; no other key is accepted',
    defaultText: 'each machine must give back over SSH a random number that `tart exec` has written into it',
  },
  ...orchardSettings,
  minFreeDiskGb: {
    variable: 'PERRY_MIN_FREE_DISK_GB',
    meaning:
      'With less free space (10^9 bytes) on the volume of `TART_HOME`, with `qemu` of the state directory, no machine is made',
    defaultText: '`20`; `qemu`: `2`',
  },
  vmCpus: {
    variable: 'PERRY_VM_CPUS',
    meaning: 'Processors of a machine of the `qemu` driver (1 to 64)',
    defaultText: '`2`',
  },
  vmMemoryMb: {
    variable: 'PERRY_VM_MEMORY_MB',
    meaning: 'Memory (in 2^20 bytes) of a machine of the `qemu` driver',
    defaultText: '`1024`',
  },
  vmCloneTimeoutSeconds: {
    variable: 'PERRY_VM_CLONE_TIMEOUT_SECONDS',
    meaning:
      'Longest time for the clone of the golden image; in a cluster also for a free worker, and for the pull of the image',
    defaultText: '`300`; `orchard`: `2700`',
  },
  vmAddressTimeoutSeconds: {
    variable: 'PERRY_VM_ADDRESS_TIMEOUT_SECONDS',
    meaning: 'Longest time from the start of a machine to its address',
    defaultText: '`180`',
  },
  vmSshTimeoutSeconds: {
    variable: 'PERRY_VM_SSH_TIMEOUT_SECONDS',
    meaning: 'Longest time from the address of a machine to a login that works',
    defaultText: '`90`',
  },
  stateDir: {
    variable: 'PERRY_STATE_DIR',
    meaning: 'Run directories, clones of the `local` and `qemu` drivers, identity of this installation',
    defaultText: '`~/.local/state/perry-ship`; macOS: `~/Library/Application Support/perry-ship`',
  },
  rcodesign: {
    variable: 'PERRY_RCODESIGN',
    meaning: 'Path of rcodesign 0.29.0',
    defaultText: 'PATH, then the cache, then fetched once',
  },
  trustRoots: {
    variable: 'PERRY_TRUST_ROOTS',
    meaning: "PEM file with roots that may have signed provisioning profiles beside Apple's own, for tests",
    defaultText: "Apple's roots alone",
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
  storePackage: {
    variable: 'PERRY_STORE_PACKAGE',
    meaning:
      "What makes the installer package for the Mac App Store: `productbuild` alone, or `portable` as well, which makes it without Apple's tools where a machine lacks them; Apple may answer ITMS-90270 to such a package",
    defaultText: '`productbuild`',
  },
  ...appleSettings,
  runHeapMb: {
    variable: 'PERRY_RUN_HEAP_MB',
    meaning: 'JavaScript objects (in 2^20 bytes) that the process of one job may have; it is ended with more',
    defaultText: `\`${defaultRunHeapMb}\``,
  },
  runMemoryMb: {
    variable: 'PERRY_RUN_MEMORY_MB',
    meaning: 'Memory (in 2^20 bytes) that the process of one job may take up in all; it is ended with more',
    defaultText: `\`${defaultRunMemoryMb}\``,
  },
  jobTimeoutMinutes: {
    variable: 'PERRY_JOB_TIMEOUT_MINUTES',
    meaning: 'Longest time for one job, from its slot to its result; waits for Apple come on top',
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
  historyJobs: {
    variable: 'PERRY_HISTORY_JOBS',
    meaning:
      'Jobs of which it is kept what became of them, each with its log (up to 5000); `0` keeps none, and removes what was kept',
    defaultText: '`500`',
  },
  logLevel: {
    variable: 'PERRY_LOG_LEVEL',
    meaning: '`debug`, `info`, `warn` or `error`',
    defaultText: '`info`',
  },
  logFile: {
    variable: 'PERRY_LOG_FILE',
    meaning:
      'File that the log is written to, as JSON lines; made anew when it is renamed, so that it can be rotated',
    defaultText: 'standard error',
  },
  inspectPort: {
    variable: 'PERRY_INSPECT',
    meaning:
      'Live page and Stately inspector on 127.0.0.1: `1` for port 8080, or a port; `0` switches them off',
    defaultText: 'off',
  },
  metricsPort: {
    variable: 'PERRY_METRICS',
    meaning:
      '`/metrics` for Prometheus, `/healthz` and `/readyz` on 127.0.0.1, without the page: `1` for port 9464, or a port; `0` switches them off. The page has them as well',
    defaultText: 'off',
  },
  alertCommand: {
    variable: 'PERRY_ALERT_COMMAND',
    meaning:
      'Program that is run for each [alarm](../alarms/alarms.md), with JSON on its standard input: words, or a JSON array; there is no shell',
    defaultText: 'none',
  },
  alertUrl: {
    variable: 'PERRY_ALERT_URL',
    meaning:
      'Webhook that each [alarm](../alarms/alarms.md) is posted to as JSON: `https://`, or `http://` on this host',
    defaultText: 'none',
    secret: true,
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

/** The names under which secrets stand in an environment or a file. */
export const secretVariables: readonly string[] = [
  'PERRY_HUB_SECRET',
  ...Object.values(settings).flatMap((setting: Setting) => (setting.secret ? [setting.variable] : [])),
];

export interface UnitSpec {
  /** `system`: runs from boot on, as `user`; `user`: a unit of the user who installs it. */
  readonly kind: 'system' | 'user';
  /** Absolute: systemd asks no shell. */
  readonly nodePath: string;
  readonly scriptPath: string;
  /** Settings and secrets; the unit itself can be read by every user. */
  readonly envFile?: string;
  readonly home: string;
  readonly user?: string;
  /** For `/dev/kvm`; only groups that exist. */
  readonly groups: readonly string[];
  /** All that the daemon writes to. */
  readonly writablePaths: readonly string[];
  /** The control socket lies in the state directory, and not below `/tmp`. */
  readonly hasOwnTmp: boolean;
  readonly exitTimeoutSeconds: number;
}

/** The configuration cannot be used: starting again without a change is of no use. */
const EXIT_CONFIG = 78;

/**
 * The unit of the service, for systemd 245 or newer.
 *
 * - `Restart=on-failure`: started again after a crash, left alone after a drain (exit 0).
 * - `KillMode=mixed`: SIGTERM goes to the daemon alone, because its machines are needed until their jobs have ended.
 * - `OOMPolicy=continue`: a job that ran out of memory was killed alone, and the others go on.
 *
 * @see systemd.service(5), systemd.exec(5)
 */
export function unitText(spec: UnitSpec): string {
  const sections: [string, readonly string[]][] = [
    ['Unit', ['Description=perry-ship, signing worker', ...(isSystem(spec) ? NETWORK : [])]],
    ['Service', [...running(spec), ...HARDENED, ...(isSystem(spec) ? hardenedAsSystem(spec) : [])]],
    ['Install', [`WantedBy=${isSystem(spec) ? 'multi-user' : 'default'}.target`]],
  ];
  return sections.map(([name, lines]) => `[${name}]\n${lines.join('\n')}\n`).join('\n');
}

const isSystem = ({ kind }: UnitSpec): boolean => kind === 'system';

const NETWORK = ['Wants=network-online.target', 'After=network-online.target'];

function running(spec: UnitSpec): string[] {
  const { nodePath, scriptPath, envFile, home, user, groups, exitTimeoutSeconds } = spec;
  const given = envFile === undefined ? [] : ['--env-file', envFile];
  return [
    'Type=exec',
    // Node 20 takes `--env-file` for itself wherever it stands, unless `--` comes before it
    `ExecStart=${[nodePath, '--', scriptPath, 'run', ...given].map(commandWord).join(' ')}`,
    `WorkingDirectory=${escaped(home)}`,
    ...(user === undefined ? [] : [`User=${user}`]),
    ...(groups.length === 0 ? [] : [`SupplementaryGroups=${groups.join(' ')}`]),
    'Restart=on-failure',
    'RestartSec=10',
    `RestartPreventExitStatus=${EXIT_CONFIG}`,
    `TimeoutStopSec=${exitTimeoutSeconds}`,
    'KillMode=mixed',
    'OOMPolicy=continue',
    'UMask=0077',
    // no core file, which would have the keys of jobs in it
    'LimitCORE=0',
  ];
}

/** What needs no rights but those of the user. */
const HARDENED = [
  'NoNewPrivileges=yes',
  'RestrictSUIDSGID=yes',
  'RestrictRealtime=yes',
  'RestrictNamespaces=yes',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  'LockPersonality=yes',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallErrorNumber=EPERM',
];

/** `MemoryDenyWriteExecute` is left out: Node and QEMU make code while they run. */
const hardenedAsSystem = ({ writablePaths, hasOwnTmp }: UnitSpec): string[] => [
  'ProtectSystem=strict',
  'ProtectHome=read-only',
  ...writablePaths.map((path) => `ReadWritePaths=${quoted(path)}`),
  `PrivateTmp=${hasOwnTmp ? 'yes' : 'no'}`,
  ...(hasOwnTmp ? [] : ['ReadWritePaths=/tmp']),
  'DevicePolicy=closed',
  'DeviceAllow=/dev/kvm rw',
  'CapabilityBoundingSet=',
  'ProtectKernelTunables=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelLogs=yes',
  'ProtectControlGroups=yes',
  'ProtectClock=yes',
  'ProtectHostname=yes',
  'ProtectProc=invisible',
];

/** `%` begins a specifier everywhere. */
const escaped = (text: string): string => text.replaceAll('%', '%%');
const quoted = (text: string): string => `"${escaped(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
/** `$` begins a variable in a command line. */
const commandWord = (text: string): string => quoted(text).replaceAll('$', '$$$$');

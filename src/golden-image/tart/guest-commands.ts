import { rcodesignVersion } from '../../adapters/rcodesign/release.ts';

/** One command in the guest, in the home folder of its user, by `/bin/sh`. */
export interface GuestCommand {
  readonly line: string;
  /** Text for its standard input. */
  readonly stdin?: string;
  /** A file of this host for its standard input. */
  readonly file?: 'rcodesign' | 'xcode';
}

const command = (line: string, more: Omit<GuestCommand, 'line'> = {}): GuestCommand => ({ line, ...more });

/** Below the home folder; gone in the end. */
const WORK = 'perry-ship-build';
/** First by name, and sshd takes the first value that it finds. */
const SSHD_SETTINGS = '/etc/ssh/sshd_config.d/000-perry-ship.conf';
const HOST_KEY = '/etc/ssh/ssh_host_ed25519_key';
const XCODE = '/Applications/Xcode.app';

/** What is asked of the guest first; each answer is read by `inspect.ts`. */
export const inspection = {
  maySudo: command('sudo -n true'),
  system: command('uname -sm'),
  osVersion: command('sw_vers -productVersion'),
  /** 1024-byte blocks. */
  freeSpace: command('df -Pk .'),
} as const;

export const rcodesign = {
  prepare: command(`rm -rf ${WORK} && mkdir -p ${WORK}`),
  send: command(`cat > ${WORK}/rcodesign.tar.gz`, { file: 'rcodesign' }),
  digest: command(`shasum -a 256 ${WORK}/rcodesign.tar.gz`),
  install: [
    command(`tar -xzf ${WORK}/rcodesign.tar.gz --strip-components 1 -C ${WORK}`),
    command('sudo mkdir -p /usr/local/bin'),
    command(`sudo install -m 755 ${WORK}/rcodesign /usr/local/bin/rcodesign`),
    command(`rm -rf ${WORK}`),
  ],
  /** The first on the path that jobs use: another one in front of it would be used in its place. */
  version: command('PATH=$PATH:/opt/homebrew/bin:/usr/local/bin; rcodesign --version'),
  expected: `apple-codesign ${rcodesignVersion}`,
} as const;

/**
 * A guest that sleeps is a guest that is lost; an update would restart it, or take the network and the disk of a job.
 *
 * @see pmset(1), softwareupdate(8)
 */
export const power: readonly GuestCommand[] = [
  command('sudo pmset -a sleep 0 displaysleep 0 disksleep 0'),
  command('defaults -currentHost write com.apple.screensaver idleTime -int 0'),
  command('sudo defaults write /Library/Preferences/com.apple.screensaver loginWindowIdleTime -int 0'),
  command('sudo softwareupdate --schedule off'),
  ...[
    'AutomaticCheckEnabled',
    'AutomaticDownload',
    'AutomaticallyInstallMacOSUpdates',
    'ConfigDataInstall',
    'CriticalUpdateInstall',
  ].map((key) =>
    command(`sudo defaults write /Library/Preferences/com.apple.SoftwareUpdate ${key} -bool false`),
  ),
  command('sudo defaults write /Library/Preferences/com.apple.commerce AutoUpdate -bool false'),
];

/** `xip` checks Apple's signature of the archive. */
export const xcode: readonly GuestCommand[] = [
  command(`rm -rf ${WORK} && mkdir -p ${WORK}`),
  command(`cat > ${WORK}/Xcode.xip`, { file: 'xcode' }),
  command(`cd ${WORK} && xip --expand Xcode.xip && rm -f Xcode.xip`),
  command(`sudo rm -rf ${XCODE}`),
  // a beta unpacks as Xcode-beta.app
  command(`sudo mv ${WORK}/Xcode*.app ${XCODE}`),
  command(`sudo xcode-select --switch ${XCODE}/Contents/Developer`),
  command('sudo xcodebuild -license accept'),
  command('sudo xcodebuild -runFirstLaunch'),
  command(`rm -rf ${WORK}`),
];

export const xcodeVersion = command('xcodebuild -version');

/** Keys that the base image had are gone with it. */
export const authorise = (keyLine: string): readonly GuestCommand[] => [
  command('mkdir -p .ssh && chmod 700 .ssh'),
  command('cat > .ssh/authorized_keys && chmod 600 .ssh/authorized_keys', { stdin: `${keyLine}\n` }),
];

/**
 * `AllowTcpForwarding remote` is the way on which time stamps come into the guest; everything else that can lead out of it
 * or into it is off.
 *
 * @see sshd_config(5)
 */
const sshdSettings = (takesPassword: boolean): string =>
  [
    '# written by perry-ship image build',
    `HostKey ${HOST_KEY}`,
    'PubkeyAuthentication yes',
    ...(takesPassword ? [] : ['PasswordAuthentication no', 'KbdInteractiveAuthentication no']),
    'PermitRootLogin no',
    'AllowTcpForwarding remote',
    'AllowStreamLocalForwarding no',
    'AllowAgentForwarding no',
    'X11Forwarding no',
    'PermitTunnel no',
    'GatewayPorts no',
    'UseDNS no',
    '',
  ].join('\n');

/** Named one by one: a pattern is of no use where only root may list the folder. */
const oldHostKeys = ['dsa', 'rsa', 'ecdsa', 'ed25519']
  .map((kind) => `/etc/ssh/ssh_host_${kind}_key /etc/ssh/ssh_host_${kind}_key.pub`)
  .join(' ');

export const ssh = {
  install: (takesPassword: boolean): readonly GuestCommand[] => [
    command(`sudo tee ${SSHD_SETTINGS} > /dev/null`, { stdin: sshdSettings(takesPassword) }),
    command(`sudo rm -f ${oldHostKeys}`),
    command(`sudo ssh-keygen -q -t ed25519 -N '' -C perry-ship -f ${HOST_KEY}`),
  ],
  hostKey: command(`sudo cat ${HOST_KEY}.pub`),
  /** What sshd itself makes of all its files. */
  effective: command('sudo /usr/sbin/sshd -T'),
  /** As `sshd -T` prints them. */
  expected: (takesPassword: boolean): readonly string[] => [
    `hostkey ${HOST_KEY}`,
    'pubkeyauthentication yes',
    'allowtcpforwarding remote',
    ...(takesPassword ? [] : ['passwordauthentication no', 'kbdinteractiveauthentication no']),
  ],
} as const;

export const shutDown = command('sudo shutdown -h now');

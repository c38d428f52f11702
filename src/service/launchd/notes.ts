import { LOG_FILE } from './launchd-plist.ts';
import type { ServicePlan } from './plan.ts';

/** What a Mac does to a service that needs virtual machines; each line is a failure that somebody had. */
export const agentTraps = `What a Mac needs so that the service can work:
  Login session    A LaunchAgent runs only while its user is logged in at the desktop. Switch on automatic login
                   (System Settings > Users & Groups); it does not combine with FileVault.
  Keychain         Creating a macOS machine needs the unlocked login keychain; the login at the desktop unlocks it.
                   Otherwise every machine fails at its start with "internal virtualization error".
  Local Network    macOS 15 and later ask once whether node may reach the local network. Click Allow on the screen
                   of the Mac; the question comes again after every update of node. Without it a machine has an
                   address but SSH says "No route to host".
  Sleep            sudo pmset -a sleep 0 disablesleep 1
  DHCP             Each machine takes an address for a day, and there are about 253:
                   sudo defaults write /Library/Preferences/SystemConfiguration/com.apple.InternetSharing.default.plist bootpd -dict DHCPLeaseTimeSecs -int 600
`;

export const daemonTraps = `What a LaunchDaemon needs beside what a LaunchAgent needs:
  Keychain         Nobody logs in, so nobody unlocks the login keychain of the user. macOS 15 and later cannot
                   start a macOS machine then: run "security unlock-keychain" as that user after every boot, or
                   use a LaunchAgent with automatic login. root cannot run these machines at all.
  Local Network    A daemon of a user other than root needs the same permission as an agent, and has no screen to
                   ask on: grant it once by running "perry-ship run" from the desktop of that user.
  Files            The file with the settings must belong to that user, mode 600.
`;

/** Printed after `service install`. */
export function installNotes({
  spec,
  plistPath,
  logDir,
  rotationPath,
  unseenVariables,
}: ServicePlan): string {
  const unseen =
    unseenVariables.length === 0
      ? []
      : [
          `Set in this shell, but not seen by the service: ${unseenVariables.join(', ')}.`,
          'Put them into a file of mode 600 and install again with --env-file.',
        ];
  return [
    `Installed ${plistPath}`,
    `  settings  ${spec.envFile ?? 'built-in defaults; give a file with --env-file'}`,
    `  log       ${logDir}/${LOG_FILE}; what comes before it, or of a crash, is in perry-ship.err.log`,
    spec.kind === 'daemon'
      ? `  rotation  ${rotationPath}: newsyslog keeps ten files of 10 MB`
      : `  rotation  sudo cp "${rotationPath}" /etc/newsyslog.d/ lets newsyslog keep ten files of 10 MB`,
    '  look      perry-ship service status · perry-ship status',
    ...unseen,
    '',
    agentTraps,
    ...(spec.kind === 'daemon' ? [daemonTraps] : []),
  ].join('\n');
}

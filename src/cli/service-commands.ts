import type { Command } from 'commander';
import { agentTraps, daemonTraps } from '../service/launchd/notes.ts';
import { unitTraps } from '../service/systemd/notes.ts';

/** What `perry-ship service` can do. */
export function addServiceCommands(service: Command): void {
  service
    .description('run the daemon under launchd or systemd, from boot on and again after a crash')
    .addHelpText(
      'after',
      process.platform === 'linux' ? `\n${unitTraps}` : `\n${agentTraps}\n${daemonTraps}`,
    );
  const onService = (name: string, description: string) =>
    service
      .command(name)
      .description(description)
      .option('--daemon', 'of the system (a LaunchDaemon), for a host on which nobody is logged in')
      .option('--user <name>', 'whom that one runs as')
      .option('--home <dir>', 'another home folder than that of the user')
      .option('--env-file <file>', 'settings and secrets, mode 600')
      .option('--json', 'for programs');

  onService('install', 'write its definition and start; again, to change something').action(async (flags) =>
    (await import('./service.ts')).install(flags),
  );
  onService('uninstall', 'stop after the running jobs, and remove the definition').action(async (flags) =>
    (await import('./service.ts')).uninstall(flags),
  );
  onService('status', 'what the service manager says; exit code 3 when it is not installed').action(
    async (flags) => (await import('./service.ts')).status(flags),
  );
  onService('print', 'show the property list or the unit, change nothing').action(async (flags) =>
    (await import('./service.ts')).printDefinition(flags),
  );
}

import { homedir } from 'node:os';
import { installService, stateOfService, uninstallService } from '../launchd/install.ts';
import { installNotes } from '../launchd/notes.ts';
import { planService, type ServiceFlags, type ServiceHost } from '../launchd/plan.ts';
import { exitCodes } from './exit-codes.ts';

const thisHost = (): ServiceHost => ({
  platform: process.platform,
  uid: process.getuid?.() ?? -1,
  home: homedir(),
  env: process.env,
  execPath: process.execPath,
  launchctl: '/bin/launchctl',
  daemonsDir: '/Library/LaunchDaemons',
});

export async function install(flags: ServiceFlags, host = thisHost()): Promise<void> {
  const { plan, outcome } = await installService(flags, host);
  if (outcome === 'unchanged') return print(`Already installed, and running: ${plan.plistPath}`);
  if (outcome === 'started') return print(`Already installed, and started again: ${plan.plistPath}`);
  print(installNotes(plan));
}

export async function uninstall(flags: ServiceFlags, host = thisHost()): Promise<void> {
  const outcome = await uninstallService(flags, host);
  print(TOLD[outcome]);
}

const TOLD = {
  removed: 'The service is removed; its logs and its state directory stay.',
  ending: 'The service is removed and finishes its jobs; "perry-ship status" shows them.',
  absent: 'The service was not installed.',
} as const;

/** Exit code 3 when launchd does not know the service, as `perry-ship status` has it. */
export async function status(flags: ServiceFlags, host = thisHost()): Promise<void> {
  const state = await stateOfService(flags, host);
  if (!state) {
    print('The service is not installed; "perry-ship service install" does it.');
    process.exitCode = exitCodes.notRunning;
    return;
  }
  const { pid, starts, lastExit, plistPath } = state;
  print(`service    ${state.state}${pid === null ? '' : `, process ${pid}`}`);
  if (starts !== null) print(`starts     ${starts}`);
  if (lastExit !== null) print(`last exit  ${lastExit}`);
  if (plistPath !== null) print(`plist      ${plistPath}`);
}

/** The property list alone, on any system. */
export async function printPlist(flags: ServiceFlags, host = thisHost()): Promise<void> {
  const { plist } = await planService(flags, host);
  process.stdout.write(plist);
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

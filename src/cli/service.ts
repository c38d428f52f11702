import { homedir } from 'node:os';
import { installService, stateOfService, uninstallService } from '../launchd/install.ts';
import { installNotes } from '../launchd/notes.ts';
import {
  type ServiceFlags as PlanFlags,
  planService,
  type ServiceHost,
  type ServicePlan,
} from '../launchd/plan.ts';
import { exitCodes } from './exit-codes.ts';
import { printJson } from './print-json.ts';

export interface ServiceFlags extends PlanFlags {
  readonly json?: true;
}

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
  if (flags.json) return printJson({ ok: true, outcome, ...factsOf(plan) });
  if (outcome === 'unchanged') return print(`Already installed, and running: ${plan.plistPath}`);
  if (outcome === 'started') return print(`Already installed, and started again: ${plan.plistPath}`);
  print(installNotes(plan));
}

/** The plan, as far as it is not the property list itself. */
const factsOf = ({ plistPath, logDir, spec, unseenVariables }: ServicePlan) => ({
  ...{ plistPath, logDir, envFile: spec.envFile ?? null, unseenVariables },
});

export async function uninstall(flags: ServiceFlags, host = thisHost()): Promise<void> {
  const outcome = await uninstallService(flags, host);
  if (flags.json) return printJson({ ok: true, outcome });
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
  if (!state) process.exitCode = exitCodes.notRunning;
  if (flags.json) return printJson({ installed: state !== undefined, ...state });
  if (!state) return print('The service is not installed; "perry-ship service install" does it.');
  const { pid, starts, lastExit, plistPath } = state;
  print(`service    ${state.state}${pid === null ? '' : `, process ${pid}`}`);
  if (starts !== null) print(`starts     ${starts}`);
  if (lastExit !== null) print(`last exit  ${lastExit}`);
  if (plistPath !== null) print(`plist      ${plistPath}`);
}

/** The property list alone, on any system. */
export async function printPlist(flags: ServiceFlags, host = thisHost()): Promise<void> {
  const plan = await planService(flags, host);
  const { plist } = plan;
  if (flags.json) return printJson({ ok: true, ...factsOf(plan), plist: plist.toString('utf8') });
  process.stdout.write(plist);
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

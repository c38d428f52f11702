import { homedir } from 'node:os';
import type { ServiceFlags as PlanFlags, ServiceHost } from '../service/host.ts';
import { managerFor } from '../service/select.ts';
import { exitCodes } from './exit-codes.ts';
import { printJson } from './print-json.ts';

export interface ServiceFlags extends PlanFlags {
  readonly json?: true;
}

export const thisHost = (): ServiceHost => ({
  platform: process.platform,
  uid: process.getuid?.() ?? -1,
  home: homedir(),
  env: process.env,
  execPath: process.execPath,
  getent: 'getent',
  dscl: '/usr/bin/dscl',
  launchctl: '/bin/launchctl',
  daemonsDir: '/Library/LaunchDaemons',
  newsyslogDir: '/etc/newsyslog.d',
  systemctl: 'systemctl',
  unitsDir: '/etc/systemd/system',
});

export async function install(flags: ServiceFlags, host = thisHost()): Promise<void> {
  const { outcome, path, facts, notes } = await managerFor(host).install(flags, host);
  if (flags.json) return printJson({ ok: true, outcome, ...facts });
  if (outcome === 'unchanged') return print(`Already installed, and running: ${path}`);
  if (outcome === 'started') return print(`Already installed, and started again: ${path}`);
  print(notes);
}

export async function uninstall(flags: ServiceFlags, host = thisHost()): Promise<void> {
  const { uninstall: act, ending } = managerFor(host);
  const outcome = await act(flags, host);
  if (flags.json) return printJson({ ok: true, outcome });
  print(outcome === 'ending' ? ending : TOLD[outcome]);
}

const TOLD = {
  removed: 'The service is removed; its logs and its state directory stay.',
  absent: 'The service was not installed.',
} as const;

/** Exit code 3 when the service manager does not know the service, as `perry-ship status` has it. */
export async function status(flags: ServiceFlags, host = thisHost()): Promise<void> {
  const state = await managerFor(host).state(flags, host);
  if (!state) process.exitCode = exitCodes.notRunning;
  if (flags.json) return printJson({ installed: state !== undefined, ...state?.facts });
  if (!state) return print('The service is not installed; "perry-ship service install" does it.');
  for (const [name, value] of state.lines) print(`${name.padEnd(11)}${value}`);
}

/** The property list or the unit alone; nothing is changed. */
export async function printDefinition(flags: ServiceFlags, host = thisHost()): Promise<void> {
  const { facts, text, name } = await managerFor(host).plan(flags, host);
  if (flags.json) return printJson({ ok: true, ...facts, [name]: text });
  process.stdout.write(text);
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

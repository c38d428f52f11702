import { type RunResult, run } from '../../adapters/process/run.ts';
import { ShipError } from '../../errors.ts';

/** How launchd sees the service. */
export interface ServiceState {
  /** launchd's word: `running`, `not running`, `spawn scheduled`, `SIGTERMed` … */
  readonly state: string;
  readonly pid: number | null;
  readonly starts: number | null;
  /** e.g. `78: EX_CONFIG` or `(never exited)`. */
  readonly lastExit: string | null;
  readonly plistPath: string | null;
}

/** `launchctl` and a domain, e.g. `gui/501`. */
export interface Launchd {
  readonly launchctl: string;
  readonly domain: string;
}

const TIMEOUT_MS = 60_000;

const call = ({ launchctl }: Launchd, ...args: string[]): Promise<RunResult> =>
  run(launchctl, args, { timeoutMs: TIMEOUT_MS, env: { LC_ALL: 'C' } });

/**
 * `undefined` when launchd does not know the service. macOS 14 exits 113 then (`Could not find service`), others
 * 3 (`No such process`). The text is made for people; these lines have been the same since macOS 10.10:
 *
 * ```text
 * gui/501/com.perryts.perry-ship = {
 *         path = /Users/me/Library/LaunchAgents/com.perryts.perry-ship.plist
 *         state = running
 *         pid = 4711
 *         runs = 1
 *         last exit code = (never exited)
 * ```
 */
export async function serviceState(launchd: Launchd, label: string): Promise<ServiceState | undefined> {
  const result = await call(launchd, 'print', `${launchd.domain}/${label}`);
  return result.exitCode === 0 ? parsePrint(result.stdout) : undefined;
}

export function parsePrint(text: string): ServiceState {
  const field = (name: string): string | null => fieldIn(text, name);
  const count = (name: string): number | null => {
    const value = field(name);
    return value !== null && /^\d+$/.test(value) ? Number(value) : null;
  };
  return {
    state: field('state') ?? 'unknown',
    pid: count('pid'),
    starts: count('runs'),
    lastExit: field('last exit code'),
    plistPath: field('path'),
  };
}

/** One level deep: sections below have keys of the same names. */
function fieldIn(text: string, name: string): string | null {
  const starts = ['\t', ' '.repeat(4), ' '.repeat(8)].map((indent) => `${indent}${name} = `);
  for (const line of text.split('\n')) {
    const start = starts.find((known) => line.startsWith(known));
    if (start !== undefined) return line.slice(start.length).trim();
  }
  return null;
}

/** @throws ShipError SERVICE_FAILED with launchd's own words */
export async function bootstrap(launchd: Launchd, label: string, plistPath: string): Promise<void> {
  // one that was disabled once cannot be started; for all others this changes nothing
  await call(launchd, 'enable', `${launchd.domain}/${label}`);
  const result = await call(launchd, 'bootstrap', launchd.domain, plistPath);
  if (result.exitCode !== 0) throw failed('start', launchd, result);
}

/** Starts a service that launchd knows and that does not run, for example after a drain. */
export async function kickstart(launchd: Launchd, label: string): Promise<void> {
  const result = await call(launchd, 'kickstart', `${launchd.domain}/${label}`);
  if (result.exitCode !== 0) throw failed('start', launchd, result);
}

/**
 * Tells launchd to end the service and forget it. It does not wait for the end: the service gets SIGTERM, drains,
 * and is known (`SIGTERMed`) until then; meanwhile `bootstrap` fails with 5, "Input/output error".
 *
 * @returns `ending` while it is still known
 * @throws ShipError SERVICE_FAILED
 */
export async function bootout(launchd: Launchd, label: string): Promise<'gone' | 'ending'> {
  const result = await call(launchd, 'bootout', `${launchd.domain}/${label}`);
  const left = await serviceState(launchd, label);
  if (left === undefined) return 'gone';
  // 36, "Operation now in progress", is said of a service that takes its time
  if (result.exitCode === 0 || result.exitCode === 36 || result.timedOut) return 'ending';
  throw failed('stop', launchd, result);
}

function failed(doing: string, { domain }: Launchd, { exitCode, stderr, stdout }: RunResult): ShipError {
  const said = (stderr || stdout).split('\n')[0]?.slice(0, 200) ?? '';
  return new ShipError('SERVICE_FAILED', {
    summary: `launchd did not ${doing} the service in the domain ${domain}.`,
    reason: `launchctl exited ${exitCode ?? 'by a signal'}${said === '' ? '.' : `: ${said}`}`,
    nextStep:
      domain === 'system'
        ? 'Run the command again with sudo.'
        : 'Run the command in a Terminal of the logged-in desktop user, not over SSH alone, and not with sudo.',
    detail: { stderr, stdout },
  });
}

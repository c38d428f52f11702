import { type RunResult, run } from '../../adapters/process/run.ts';
import { ShipError } from '../../errors.ts';

/** How systemd sees the service. */
export interface UnitState {
  /** systemd's words: `active (running)`, `deactivating (stop-sigterm)`, `inactive (dead)`, `failed (failed)` … */
  readonly state: string;
  readonly pid: number | null;
  readonly restarts: number | null;
  /** Exit code of the last daemon that ended. */
  readonly lastExit: number | null;
  readonly unitPath: string | null;
}

/** `systemctl`, of the system or of the user who calls it. */
export interface Systemd {
  readonly systemctl: string;
  readonly kind: 'system' | 'user';
}

const TIMEOUT_MS = 60_000;
const PROPERTIES = 'LoadState,ActiveState,SubState,MainPID,NRestarts,ExecMainStatus,FragmentPath';

const call = ({ systemctl, kind }: Systemd, ...args: string[]): Promise<RunResult> =>
  run(systemctl, [`--${kind}`, '--no-pager', '--no-ask-password', ...args], {
    timeoutMs: TIMEOUT_MS,
    env: { LC_ALL: 'C', ...busOf(kind) },
  });

/** The manager of a user is found by this alone. */
const busOf = (kind: Systemd['kind']) =>
  kind === 'user' && process.env.XDG_RUNTIME_DIR ? { XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR } : {};

/**
 * `undefined` when systemd has no such unit.
 *
 * @throws ShipError SERVICE_FAILED with systemd's own words
 */
export async function unitState(systemd: Systemd, unit: string): Promise<UnitState | undefined> {
  const result = await call(systemd, 'show', unit, `--property=${PROPERTIES}`);
  if (result.exitCode !== 0) throw failed('be asked about', systemd, result);
  return parseShow(result.stdout);
}

/** Lines like `ActiveState=active`. @see systemctl(1), "Parsable output" */
export function parseShow(text: string): UnitState | undefined {
  const values = new Map(text.split('\n').map((line) => splitOnce(line)));
  const count = (name: string): number | null => {
    const value = values.get(name) ?? '';
    return /^\d{1,9}$/.test(value) ? Number(value) : null;
  };
  const [active = 'unknown', sub = 'unknown'] = [values.get('ActiveState'), values.get('SubState')];
  if (values.get('LoadState') === 'not-found' && active === 'inactive') return undefined;
  return {
    state: `${active} (${sub})`,
    pid: count('MainPID') || null,
    restarts: count('NRestarts'),
    lastExit: count('ExecMainStatus'),
    unitPath: values.get('FragmentPath') || null,
  };
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf('=');
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

/** @throws ShipError SERVICE_FAILED */
export async function tellSystemd(systemd: Systemd, doing: string, ...args: string[]): Promise<void> {
  const result = await call(systemd, ...args);
  if (result.exitCode !== 0) throw failed(doing, systemd, result);
}

function failed(doing: string, { kind }: Systemd, { exitCode, stderr, stdout }: RunResult): ShipError {
  const said = (stderr || stdout).split('\n')[0]?.slice(0, 200) ?? '';
  return new ShipError('SERVICE_FAILED', {
    summary: `systemd could not ${doing} the service.`,
    reason: `systemctl exited ${exitCode ?? 'by a signal'}${said === '' ? '.' : `: ${said}`}`,
    nextStep: kind === 'system' ? ASK_AS_ROOT : ASK_AS_USER,
    detail: { stderr, stdout },
  });
}

const ASK_AS_ROOT =
  'Run the command with sudo, on a host that systemd has started; in a container without it, run "perry-ship run" under what starts the container.';
const ASK_AS_USER =
  'Log in as that user (not with su or sudo), or install a service of the system: sudo perry-ship service install --daemon --user NAME.';

import type { DaemonStatus, RunStatus } from './status.ts';

const MAX_CELL_CHARACTERS = 40;
const HEAD = ['JOB', 'APP', 'TARGET', 'STATE', 'STAGE', 'DONE', 'MACHINE', 'ELAPSED'];

/** The status for a person: a few lines and a table. */
export function renderStatus(status: DaemonStatus): string {
  return [...aboutDaemon(status), ...aboutRuns(status), ...aboutLeaks(status), ...aboutHosts(status)].join(
    '\n',
  );
}

function aboutDaemon(status: DaemonStatus): string[] {
  const { pid, version, worker, driver, uptimeSeconds, hub, work, slots, concluded } = status;
  const outcomes = Object.entries(concluded).map(([outcome, count]) => `${count} ${outcome}`);
  return align([
    ['perry-ship', `${version}, process ${pid}, up ${duration(uptimeSeconds)}, driver ${driver}`],
    ['worker', plain(worker)],
    ['hub', `${linkOf(status)}  ${plain(hub)}`],
    [
      'work',
      `${work}${PAUSED[work] ?? ''}, ${slots.used} of ${slots.max} slots used, ${slots.waiting} waiting${refused(slots)}`,
    ],
    ['standby', `${slots.standby} machines`],
    ['jobs', outcomes.join(', ')],
  ]);
}

function linkOf({ link, connection, nextTryInSeconds }: DaemonStatus): string {
  const next = nextTryInSeconds === null ? '' : `, next try in ${duration(nextTryInSeconds)}`;
  return `${link} (${connection})${next}`;
}

const PAUSED: Readonly<Record<string, string>> = { paused: ', no jobs are taken until "perry-ship resume"' };

/** Said only while it is so. */
const refused = ({ quarantined }: DaemonStatus['slots']): string =>
  quarantined === 0 ? '' : `, ${quarantined} refused by the host for now`;

function aboutRuns({ runs }: DaemonStatus): string[] {
  return runs.length === 0 ? ['', 'No job is here.'] : ['', ...align([HEAD, ...runs.map(cellsOf)])];
}

function aboutLeaks({ leaked }: DaemonStatus): string[] {
  if (leaked.length === 0) return [];
  const names = leaked.map((name) => `  ${plain(name, 80)}`);
  return ['', 'Machines that could not be deleted (they are tried again until they are gone):', ...names];
}

function aboutHosts({ failingHosts }: DaemonStatus): string[] {
  const hosts = Object.entries(failingHosts).map(([name, count]) => `  ${plain(name, 80)}  ${count}`);
  if (hosts.length === 0) return [];
  return [
    '',
    'Hosts that did not bring machines to run of late (restart Orchard there; the log says why):',
    ...hosts,
  ];
}

function cellsOf(run: RunStatus): string[] {
  const { jobId, appName, target, state, stage, percent, machine, elapsedSeconds, failure } = run;
  return [
    plain(jobId, 80),
    plain(appName ?? '-'),
    target ?? '-',
    failure === null ? state : `${state} (${failure})`,
    stage ?? '-',
    percent === null ? '-' : `${percent}%`,
    machine === null ? '-' : `${plain(machine.name, 80)} (${machine.state})`,
    elapsedSeconds === null ? '-' : duration(elapsedSeconds),
  ];
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Names come from the hub and from bundles: nothing in them may steer a terminal. */
export function plain(text: string, maxCharacters = MAX_CELL_CHARACTERS): string {
  const printable = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return printable.length > maxCharacters ? `${printable.slice(0, maxCharacters - 1)}…` : printable;
}

/** 59 → `59 s`, 3_600 → `1 h 0 min`. */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min ${seconds % 60} s`;
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

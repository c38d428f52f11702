import { ago, align, duration, plain } from './columns.ts';
import type { DaemonStatus, PastFailure, RunStatus } from './status.ts';

const HEAD = ['JOB', 'APP', 'TARGET', 'STATE', 'STAGE', 'DONE', 'MACHINE', 'ELAPSED'];

/** The status for a person: a few lines and a table. */
export function renderStatus(status: DaemonStatus): string {
  const parts = [
    aboutObstacles,
    aboutPause,
    aboutRuns,
    aboutFailures,
    aboutSignatures,
    aboutLeaks,
    aboutHosts,
    aboutPorts,
  ];
  const rest = parts.flatMap((about) => about(status));
  return [...aboutDaemon(status), ...renderAlarms(status.alarms), ...rest].join('\n');
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
      `${work}${NOT_TAKING[work] ?? ''}, ${slots.used} of ${slots.max} slots used, ${slots.waiting} waiting${refused(slots)}`,
    ],
    ['standby', `${slots.standby} machines`],
    ['jobs', outcomes.join(', ')],
  ]);
}

function linkOf({ link, connection, nextTryInSeconds }: DaemonStatus): string {
  const next = nextTryInSeconds === null ? '' : `, next try in ${duration(nextTryInSeconds)}`;
  return `${link} (${connection})${next}`;
}

const NOT_TAKING: Readonly<Record<string, string>> = {
  paused: ', no jobs are taken until "perry-ship resume"',
  unable: ', no jobs are taken while every one would fail',
  yielding: ', no jobs are taken as long as an upgrade waits for those that run',
};

/** Said only while it is so. */
const refused = ({ quarantined }: DaemonStatus['slots']): string =>
  quarantined === 0 ? '' : `, ${quarantined} refused by the host for now`;

function aboutObstacles({ obstacles }: DaemonStatus): string[] {
  if (obstacles.length === 0) return [];
  const lines = obstacles.flatMap(({ summary, reason, nextStep }) =>
    [summary, reason, nextStep].map((sentence) => `  ${plain(sentence, 1_000)}`),
  );
  return ['', 'Every job would fail here (they are taken again by themselves when this is over):', ...lines];
}

function aboutPause({ pauseProblem }: DaemonStatus): string[] {
  if (pauseProblem === null) return [];
  return ['', `A restart would take back the last pause or resume: ${plain(pauseProblem, 400)}`];
}

function aboutRuns({ runs }: DaemonStatus): string[] {
  return runs.length === 0 ? ['', 'No job is here.'] : ['', ...align([HEAD, ...runs.map(cellsOf)])];
}

function aboutFailures({ lastFailures }: DaemonStatus): string[] {
  if (lastFailures.length === 0) return [];
  const heads = align(lastFailures.map(headOf));
  const lines = lastFailures.flatMap(({ summary, reason, nextStep }, index) => [
    `  ${heads[index]}`,
    ...[[summary, reason].filter(Boolean).join(' '), nextStep].flatMap((said) =>
      said ? [`      ${plain(said, 400)}`] : [],
    ),
  ]);
  return ['', 'Last failures ("perry-ship job JOB" shows more):', ...lines];
}

/** Where the name of a result is no word. */
const RESULTS: Readonly<Record<string, string>> = { notTaken: 'not taken' };

const headOf = ({ secondsAgo, jobId, appName, code, result }: PastFailure): string[] => [
  ago(secondsAgo),
  plain(jobId, 80),
  plain(appName ?? '-'),
  code ?? RESULTS[result] ?? result,
];

/** Said only when something is wrong. */
function aboutSignatures({ signatures: { problem } }: DaemonStatus): string[] {
  if (problem === null) return [];
  return ['', `The account of signatures: ${plain(problem, 200)} ("perry-ship audit verify" says more)`];
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

function aboutPorts({ closedPorts }: DaemonStatus): string[] {
  return closedPorts.flatMap(({ name, port, problem }) => [
    '',
    `The ${plain(name)} is off: port ${port} cannot be used (${plain(problem)}); it is tried again.`,
  ]);
}

/** Above all else: they are what the operator has to act on. */
export function renderAlarms(alarms: DaemonStatus['alarms']): string[] {
  return alarms.flatMap(({ alarm, sinceMs, summary, reason, nextStep }) => [
    '',
    `ALARM ${plain(alarm)} since ${new Date(sinceMs).toISOString()}`,
    ...[summary, reason, nextStep].map((sentence) => `  ${plain(sentence, 1_000)}`),
  ]);
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

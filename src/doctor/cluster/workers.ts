import type { ClusterMachine } from '../../adapters/vm/orchard/occupancy.ts';
import type { OrchardSettings } from '../../adapters/vm/orchard/options.ts';
import { slotsTaken } from '../../adapters/vm/orchard/room.ts';
import {
  type ClusterWorker,
  isClockInDoubt,
  obstacleOf,
  type WorkerObstacle,
} from '../../adapters/vm/orchard/workers.ts';
import type { Config } from '../../config/load.ts';
import { parseVmName } from '../../domain/vm-name.ts';
import { type Check, type Finding, failed, ok, remark } from '../check.ts';
import { after, type ClusterVisit } from './visit.ts';

const MAX_NAMES = 5;
const MINUTE_MS = 60_000;

export const workerChecks = (visit: ClusterVisit, config: Config): Check[] => [
  after(visit.workers, fittingWorkers(visit)),
  after(visit.workers, freeSlots(visit, config)),
];

/** At most some names, and how many more there are. */
export function named(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return [...names.slice(0, MAX_NAMES), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

const fittingWorkers = (visit: ClusterVisit): Check => ({
  question: 'Are there workers for the machines?',
  ask: async (signal) => {
    const workers = await visit.workers(signal);
    const settings = await visit.settings(signal);
    if (workers.length === 0)
      return failed(
        'The cluster has none',
        'Start one on each Mac: "orchard worker run", with a bootstrap token of an account for workers.',
      );
    return workersFinding(workers, settings);
  },
});

function workersFinding(workers: readonly ClusterWorker[], settings: OrchardSettings): Finding {
  const fitting = workers.filter((worker) => obstacleOf(worker, settings) === undefined);
  const problems = PROBLEMS.flatMap(({ what, say, fix }) => {
    const found = workers.filter((worker) => problemOf(worker, settings) === what);
    return found.length === 0 ? [] : [{ what, text: say(found, settings), fix: fix(found, settings) }];
  });
  const head = `${fitting.length} of ${workers.length}${fitting.length > 0 ? `: ${named(namesOf(fitting))}` : ''}`;
  const evidence = [head, ...problems.map(({ text }) => text)].join('; ');
  const [first] = problems;
  if (fitting.length === 0 && first) return failed(evidence, first.fix);
  const urgent = problems.find(({ what }) => URGENT.includes(what));
  return urgent ? remark(evidence, urgent.fix) : ok(evidence);
}

const namesOf = (workers: readonly ClusterWorker[]): string[] => workers.map(({ name }) => name);
const firstOf = ([first]: readonly ClusterWorker[]): string => first?.name ?? '';

type WorkerProblem = WorkerObstacle | 'clockInDoubt';
const URGENT: readonly WorkerProblem[] = ['offline', 'clockInDoubt', 'paused'];

/** Also of a worker that is given machines. */
const problemOf = (worker: ClusterWorker, settings: OrchardSettings): WorkerProblem | undefined =>
  obstacleOf(worker, settings) ?? (isClockInDoubt(worker) ? 'clockInDoubt' : undefined);

interface Problem {
  readonly what: WorkerProblem;
  readonly say: (found: readonly ClusterWorker[], settings: OrchardSettings) => string;
  readonly fix: (found: readonly ClusterWorker[], settings: OrchardSettings) => string;
}

/** The first that is there is the one to be mended first. */
const PROBLEMS: readonly Problem[] = [
  {
    what: 'offline',
    say: (found) =>
      found
        .map(({ name, silentMs }) => `${name} ${silence(silentMs)}`)
        .slice(0, MAX_NAMES)
        .join('; '),
    fix: (found) =>
      `Start Orchard again on "${firstOf(found)}"; where it runs, the clock of that Mac is behind: ${SET_CLOCK}; a Mac that does not come back: orchard delete worker "${firstOf(found)}"`,
  },
  {
    what: 'clockInDoubt',
    say: (found) =>
      found
        .map(({ name, silentMs }) => `${name} ${clockText(silentMs)}`)
        .slice(0, MAX_NAMES)
        .join('; '),
    fix: (found) =>
      `If "${firstOf(found)}" runs, its clock is wrong, or the controller's: ${SET_CLOCK} there. A worker that is three minutes behind gets no machines; one that is ahead still gets them when it is gone.`,
  },
  {
    what: 'paused',
    say: (found) => `paused: ${named(namesOf(found))}`,
    fix: (found) => `When the work on it is done: orchard resume worker "${firstOf(found)}"`,
  },
  {
    what: 'otherLabels',
    say: (found, { labels }) => `without ${labelsText(labels)}: ${named(namesOf(found))}`,
    fix: (_, { labels }) =>
      `Start the workers with --labels ${labelsText(labels)}, or change PERRY_ORCHARD_LABELS.`,
  },
  {
    what: 'otherKind',
    say: (found) =>
      `of another kind: ${named(found.map(({ name, arch, runtime }) => `${name} (${arch}, ${runtime})`))}`,
    fix: (_, { arch, runtime }) =>
      `Machines of ${arch} and ${runtime} are asked for: change PERRY_ORCHARD_ARCH and PERRY_ORCHARD_RUNTIME, or add such workers.`,
  },
];

/** A worker that was never heard of has a time that long. */
const LONG_MS = 365 * 86_400_000;
const silence = (silentMs: number): string =>
  silentMs > LONG_MS ? 'has said nothing yet' : `is silent for ${Math.round(silentMs / MINUTE_MS)} minutes`;

const SECOND_MS = 1_000;
const SET_CLOCK = 'run "sudo sntp -sS time.apple.com"';
const clockText = (silentMs: number): string => {
  const seconds = Math.round(Math.abs(silentMs) / SECOND_MS);
  return silentMs > 0
    ? `says that its last sign of life was ${seconds} s ago, where 15 s are usual`
    : `says that its last sign of life comes in ${seconds} s`;
};

const labelsText = (labels: OrchardSettings['labels']): string =>
  Object.entries(labels)
    .map((label) => label.join('='))
    .join(',');

const freeSlots = (visit: ClusterVisit, { maxConcurrent, followsRoom }: Config): Check => ({
  question: 'Are slots free?',
  ask: async (signal) => {
    const settings = await visit.settings(signal);
    const workers = (await visit.workers(signal)).filter((worker) => !obstacleOf(worker, settings));
    return slotsFinding(workers, await visit.machines(signal), followsRoom ? 0 : maxConcurrent);
  },
});

/** @param wanted - jobs at a time that are configured; 0 for as many as there is room for */
function slotsFinding(
  workers: readonly ClusterWorker[],
  machines: readonly ClusterMachine[],
  wanted: number,
): Finding {
  const there = machines.filter(({ worker }) => workers.some(({ name }) => name === worker));
  const waiting = machines.filter(({ worker, status }) => worker === '' && status === 'pending').length;
  const ours = there.filter(({ name }) => parseVmName(name) !== undefined).length;
  const use = `${ours} machines of perry-ship and ${there.length - ours} of others are there, ${waiting} wait for a worker`;
  if (workers.some(({ slots }) => slots === undefined)) return ok(`Its workers name no limit; ${use}`);
  const all = sum(workers.map(({ slots = 0 }) => slots));
  const taken = slotsTaken(there);
  const free = sum(workers.map(({ name, slots = 0 }) => Math.max(slots - (taken.get(name) ?? 0), 0)));
  const evidence = `${free} of ${all}; ${use}`;
  if (wanted > all)
    return remark(
      `${evidence}; ${wanted} jobs at a time are configured`,
      `Set PERRY_MAX_CONCURRENT_BUILDS to ${Math.max(all, 1)} at most, or add Macs: jobs beyond that wait for machines.`,
    );
  if (free > 0) return ok(evidence);
  return remark(evidence, 'Look at "orchard list vms" for machines that nobody needs, or add Macs.');
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

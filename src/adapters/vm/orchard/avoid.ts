import type { OrchardApi } from './api.ts';
import type { OrchardMachines } from './machines.ts';
import { type ClusterMachine, machinesAmong } from './occupancy.ts';
import type { OrchardSettings } from './options.ts';
import { slotsTaken } from './room.ts';
import { type ClusterWorker, obstacleOf, readWorkers } from './workers.ts';

/** So long no machine is asked for of a worker that did not bring one to run, as far as labels can say that. */
const AVOIDED_MS = 30 * 60_000;

type Labels = Readonly<Record<string, string>>;
type Wish = Pick<OrchardSettings, 'labels' | 'arch' | 'runtime'>;

/** Workers that did not bring a machine to run, for a while. */
export interface Suspects {
  add(workerName: string): void;
  /** It did bring one to run. */
  clear(workerName: string): void;
  names(): ReadonlySet<string>;
  /** How often each did not. */
  counts(): Readonly<Record<string, number>>;
}

export function createSuspects(nowMs: () => number = Date.now): Suspects {
  const known = new Map<string, { readonly untilMs: number; readonly count: number }>();
  const current = () => {
    for (const [name, { untilMs }] of known) if (untilMs <= nowMs()) known.delete(name);
    return known;
  };
  return {
    add: (name) => {
      const { count = 0 } = current().get(name) ?? {};
      known.set(name, { untilMs: nowMs() + AVOIDED_MS, count: count + 1 });
    },
    clear: (name) => void known.delete(name),
    names: () => new Set(current().keys()),
    counts: () => Object.fromEntries([...current()].map(([name, { count }]) => [name, count])),
  };
}

/**
 * A label by which a machine gets to another worker than these: Orchard knows no other way to say where not. Empty where
 * no label tells those that have room from them.
 *
 * @throws ShipError as `OrchardApi.ask` · CLUSTER_ANSWER_INVALID
 */
export async function labelsAway(
  api: OrchardApi,
  machines: Pick<OrchardMachines, 'allShared'>,
  wish: Wish,
  avoided: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Labels> {
  if (avoided.size === 0) return {};
  const [workers, rows] = await Promise.all([readWorkers(api, signal), machines.allShared(signal)]);
  return labelAway(
    workers.filter((worker) => obstacleOf(worker, wish) === undefined),
    machinesAmong([...rows.values()]),
    avoided,
  );
}

/** The one that leads to most free places, and to none of those. */
export function labelAway(
  workers: readonly ClusterWorker[],
  machines: readonly ClusterMachine[],
  avoided: ReadonlySet<string>,
): Labels {
  const taken = slotsTaken(machines);
  const free = new Map<string, number>();
  for (const { name, labels, slots = 1 } of workers.filter((worker) => !avoided.has(worker.name)))
    for (const pair of pairsOf(labels))
      free.set(pair, (free.get(pair) ?? 0) + Math.max(0, slots - (taken.get(name) ?? 0)));
  for (const { labels } of workers.filter(({ name }) => avoided.has(name)))
    for (const pair of pairsOf(labels)) free.delete(pair);
  const [best] = [...free].filter(([, places]) => places > 0).toSorted(([, a], [, b]) => b - a);
  if (!best) return {};
  const [key, value] = JSON.parse(best[0]) as [string, string];
  return { [key]: value };
}

const pairsOf = (labels: Labels): string[] => Object.entries(labels).map((pair) => JSON.stringify(pair));

import type { ClusterRoom } from '../../../../machines/contracts/cluster.ts';
import type { OrchardApi } from './api.ts';
import type { OrchardMachines } from './machines.ts';
import { type ClusterMachine, machinesAmong } from './occupancy.ts';
import type { OrchardSettings } from './options.ts';
import { type ClusterWorker, obstacleOf, readWorkers, type WorkerObstacle } from './workers.ts';

/** More is no number of jobs for one daemon. */
const MOST_SLOTS = 256;
/** One slot of so many is left free: what was counted is some seconds old, and others count as well. */
const SLOTS_FOR_ONE_SPARE = 32;

type Wish = Pick<OrchardSettings, 'arch' | 'runtime' | 'labels'>;

/** Which machines are ours, and who hears of those that are there. */
export interface Ours {
  readonly isOurs: (name: string) => boolean;
  readonly onSeen: (names: readonly string[]) => void;
}

/**
 * How many machines of ours there is room for in the cluster.
 *
 * @throws ShipError as `OrchardApi.ask` · CLUSTER_ANSWER_INVALID
 */
export async function readRoom(
  api: OrchardApi,
  machines: Pick<OrchardMachines, 'allShared'>,
  wish: Wish,
  { isOurs, onSeen }: Ours,
  signal: AbortSignal,
): Promise<ClusterRoom> {
  const [rows, workers] = await Promise.all([machines.allShared(signal), readWorkers(api, signal)]);
  onSeen([...rows.keys()].filter(isOurs));
  const foreign = [...rows].flatMap(([name, row]) => (isOurs(name) ? [] : [row]));
  return roomIn(workers, machinesAmong(foreign), wish);
}

/**
 * The slots of all workers that would be given our machines, less those that machines of others take there; ours do not
 * count against us. Machines of others that wait for a worker have no slot yet.
 */
export function roomIn(
  workers: readonly ClusterWorker[],
  foreign: readonly ClusterMachine[],
  wish: Wish,
): ClusterRoom {
  const withObstacle = (wanted: WorkerObstacle | undefined) =>
    workers.filter((worker) => obstacleOf(worker, wish) === wanted);
  const able = withObstacle(undefined);
  const taken = slotsTaken(foreign);
  const total = sum(able.map(({ slots = 0 }) => slots));
  const free = sum(able.map(({ name, slots = 0 }) => Math.max(0, slots - (taken.get(name) ?? 0))));
  return {
    slots: Math.min(MOST_SLOTS, free - Math.floor(free / SLOTS_FOR_ONE_SPARE)),
    account: [
      `workers: ${able.length} of ${workers.length}, slots: ${total}`,
      ...counted('taken by others', total - free),
      ...counted('workers paused', withObstacle('paused').length),
      ...counted('workers silent, or with a clock that is behind', withObstacle('offline').length),
    ].join(', '),
  };
}

const counted = (what: string, count: number): string[] => (count > 0 ? [`${what}: ${count}`] : []);
const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

/** By worker. */
export function slotsTaken(machines: readonly ClusterMachine[]): ReadonlyMap<string, number> {
  const taken = new Map<string, number>();
  for (const { worker, slots } of machines)
    if (worker !== '') taken.set(worker, (taken.get(worker) ?? 0) + slots);
  return taken;
}

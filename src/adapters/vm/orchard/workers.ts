import * as z from 'zod';
import type { OrchardApi } from './api.ts';
import { answerNotUnderstood } from './failures.ts';
import { foreignText, workerName } from './foreign-text.ts';
import type { OrchardSettings } from './options.ts';

const text = foreignText(200);
/** What a machine of Tart takes one of, and a Mac has two of. */
export const TART_VMS = 'org.cirruslabs.tart-vms';

/** What we read of a worker (0.55.0); fields without a value are left out by the controller. */
const worker = z.object({
  name: workerName,
  arch: text.default(''),
  runtime: text.default(''),
  labels: z.record(z.string(), z.string()).nullish(),
  resources: z.record(z.string(), z.number()).nullish(),
  last_seen: z.string().default(''),
  scheduling_paused: z.boolean().default(false),
});

/** A host of the cluster, as the controller knows it. */
export interface ClusterWorker {
  readonly name: string;
  readonly arch: string;
  readonly runtime: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Machines that it can run at a time; `undefined` where it names no number. */
  readonly slots: number | undefined;
  readonly isPaused: boolean;
  /**
   * Since its last sign of life, whose time is by the clock of the worker, until now by the clock of the controller: a
   * worker whose clock is behind seems silent for that long, and of one that is ahead this is less than nothing.
   */
  readonly silentMs: number;
}

/** @throws ShipError as `OrchardApi.ask` · CLUSTER_ANSWER_INVALID */
export async function readWorkers(api: OrchardApi, signal: AbortSignal): Promise<readonly ClusterWorker[]> {
  const what = 'The question for the workers';
  const { json, clockMs = Date.now() } = await api.ask({ what, method: 'GET', path: '/workers', signal });
  if (!Array.isArray(json)) throw answerNotUnderstood(what);
  // one of an odd form hides no other
  return json.flatMap((row) => {
    const { data } = worker.safeParse(row);
    return data ? [viewOf(data, clockMs)] : [];
  });
}

function viewOf({ resources, ...row }: z.output<typeof worker>, clockMs: number): ClusterWorker {
  const { name, arch, runtime, labels } = row;
  return {
    ...{ name, arch, runtime, labels: labels ?? {}, slots: countOf(resources?.[TART_VMS]) },
    isPaused: row.scheduling_paused,
    silentMs: clockMs - (Date.parse(row.last_seen) || 0),
  };
}

/** Slots, of which nobody has a part, less than none, or more than can be counted. */
export const countOf = (said: number | undefined): number | undefined =>
  Number.isSafeInteger(said) && (said as number) >= 0 ? said : undefined;

/**
 * So long after its last sign of life the controller gives a worker no more machines, unless it is run with
 * `--worker-offline-timeout`: who counts a worker as gone any sooner counts one whose clock is behind as gone for ever.
 */
const WORKER_OFFLINE_MS = 180_000;
/** A sign of life comes every 15 s: four were missed, or the clock is wrong by as much. */
const CLOCK_IN_DOUBT_MS = 60_000;

/** Why a worker is given none of our machines. */
export type WorkerObstacle = 'offline' | 'paused' | 'otherKind' | 'otherLabels';

/** The first that holds; `undefined` for a worker that is given machines while it has room. */
export function obstacleOf(
  { silentMs, isPaused, ...has }: ClusterWorker,
  wish: Pick<OrchardSettings, 'arch' | 'runtime' | 'labels'>,
): WorkerObstacle | undefined {
  if (has.arch !== wish.arch || has.runtime !== wish.runtime) return 'otherKind';
  if (!Object.entries(wish.labels).every(([key, value]) => has.labels[key] === value)) return 'otherLabels';
  if (silentMs > WORKER_OFFLINE_MS) return 'offline';
  return isPaused ? 'paused' : undefined;
}

/** Of a worker that counts as alive: its last sign of life is older than it can be, or of a time that has not come yet. */
export const isClockInDoubt = ({ silentMs }: Pick<ClusterWorker, 'silentMs'>): boolean =>
  Math.abs(silentMs) > CLOCK_IN_DOUBT_MS;

import * as z from 'zod';
import type { OrchardApi } from './api.ts';
import { answerNotUnderstood } from './failures.ts';
import type { OrchardMachines } from './machines.ts';
import type { OrchardSettings } from './options.ts';

/** So long no machine is asked for of a worker that did not bring one to run, as far as labels can say that. */
const AVOIDED_MS = 30 * 60_000;
/** The controller counts a worker as lost after so long. */
const LOST_AFTER_MS = 3 * 60_000;
const SLOTS = 'org.cirruslabs.tart-vms';

const count = z.number().int().min(0);
/** What we read of a worker (0.55.0). */
const worker = z.object({
  name: z.string().max(500),
  arch: z.string().optional(),
  runtime: z.string().optional(),
  last_seen: z.string().optional(),
  scheduling_paused: z.boolean().optional(),
  labels: z.record(z.string(), z.string()).nullish(),
  resources: z.record(z.string(), count).nullish(),
});
export type ClusterWorker = z.output<typeof worker>;
type Labels = Readonly<Record<string, string>>;

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
 * @throws as `OrchardApi.ask` · CLUSTER_ANSWER_INVALID
 */
export async function labelsAway(
  api: OrchardApi,
  machines: Pick<OrchardMachines, 'all'>,
  settings: Pick<OrchardSettings, 'labels' | 'arch' | 'runtime'>,
  avoided: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Labels> {
  if (avoided.size === 0) return {};
  const what = 'The question for the workers';
  const { json } = await api.ask({ what, method: 'GET', path: '/workers', signal });
  const { data } = z.array(worker).safeParse(json);
  if (!data) throw answerNotUnderstood(what);
  const taken = new Map<string, number>();
  for (const { worker: name } of (await machines.all(signal)).values())
    if (typeof name === 'string') taken.set(name, (taken.get(name) ?? 0) + 1);
  const able = data
    .filter((one) => isAble(one, settings))
    .map((one) => ({ ...one, free: freeOf(one, taken) }));
  return bestLabel(able, avoided);
}

type Able = ClusterWorker & { readonly free: number };

function isAble(one: ClusterWorker, wanted: Pick<OrchardSettings, 'labels' | 'arch' | 'runtime'>): boolean {
  const isSeen = Date.now() - Date.parse(one.last_seen ?? '') < LOST_AFTER_MS;
  const hasLabels = Object.entries(wanted.labels).every(([key, value]) => one.labels?.[key] === value);
  return (
    isSeen &&
    hasLabels &&
    !one.scheduling_paused &&
    one.arch === wanted.arch &&
    one.runtime === wanted.runtime
  );
}

const freeOf = ({ name, resources }: ClusterWorker, taken: ReadonlyMap<string, number>): number =>
  Math.max(0, (resources?.[SLOTS] ?? 1) - (taken.get(name) ?? 0));

/** The one that leads to most free places, and to none of those. */
function bestLabel(workers: readonly Able[], avoided: ReadonlySet<string>): Labels {
  const free = new Map<string, number>();
  const others = workers.filter(({ name }) => !avoided.has(name));
  for (const { labels, free: places } of others)
    for (const pair of pairsOf(labels)) free.set(pair, (free.get(pair) ?? 0) + places);
  for (const { name, labels } of workers)
    if (avoided.has(name)) for (const pair of pairsOf(labels)) free.delete(pair);
  const [best] = [...free].filter(([, places]) => places > 0).toSorted(([, a], [, b]) => b - a);
  if (!best) return {};
  const [key, value] = JSON.parse(best[0]) as [string, string];
  return { [key]: value };
}

const pairsOf = (labels: ClusterWorker['labels']): string[] =>
  Object.entries(labels ?? {}).map((pair) => JSON.stringify(pair));

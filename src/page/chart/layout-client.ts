import type { ELK } from 'elkjs';
import elkApi from 'elkjs/lib/elk-api.js';
import type { Chart } from './chart.ts';
import { elkGraphOf } from './elk-graph.ts';
import { type ChartLayout, layoutOf } from './layout.ts';
import type { ChartView, Exits } from './view.ts';

let elk: ELK | undefined;
const made = new Map<string, Promise<ChartLayout>>();
/** More than a person opens and closes. */
const MAX_MADE = 200;

/** Which layout it is: the same states open in the same chart are laid out once. */
export const layoutKey = (chart: Chart, open: ReadonlySet<string>, exits: Exits): string =>
  [chart.id, exits, ...[...open].sort()].join(' ');

/** Lays out a view in a worker: it takes some hundred milliseconds, and the page goes on meanwhile. */
export function layoutFor(key: string, view: ChartView): Promise<ChartLayout> {
  const known = made.get(key);
  if (known) return known;
  if (made.size >= MAX_MADE) made.clear();
  const asked = laidOut(view);
  made.set(key, asked);
  // what failed may be tried again
  asked.catch(() => made.delete(key));
  return asked;
}

async function laidOut(view: ChartView): Promise<ChartLayout> {
  elk ??= new elkApi.default({ workerFactory: () => new Worker('/layout-worker.js', { type: 'module' }) });
  return layoutOf(view, await elk.layout(elkGraphOf(view)));
}

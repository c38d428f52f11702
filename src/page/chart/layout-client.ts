import type { ELK } from 'elkjs';
import elkApi from 'elkjs/lib/elk-api.js';
import type { Chart } from './chart.ts';
import { elkGraphOf } from './elk-graph.ts';
import { type ChartLayout, layoutOf } from './layout.ts';
import type { ChartView, Exits } from './view.ts';

let running: Layouter | undefined;
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

interface Layouter {
  readonly elk: ELK;
  /** Rejects when the worker cannot be loaded, or breaks: its ELK would keep silent. */
  readonly broken: Promise<never>;
}

async function laidOut(view: ChartView): Promise<ChartLayout> {
  running ??= startLayouter();
  const { elk, broken } = running;
  return layoutOf(view, await Promise.race([elk.layout(elkGraphOf(view)), broken]));
}

function startLayouter(): Layouter {
  const worker = new Worker('/layout-worker.js', { type: 'module' });
  const broken = new Promise<never>((_resolve, reject) => {
    worker.onerror = () => {
      // the next chart tries again
      running = undefined;
      reject(new Error('the worker of the layout has failed'));
    };
  });
  return { elk: new elkApi.default({ workerFactory: () => worker }), broken };
}

import { useEffect, useState } from 'preact/hooks';
import type { ChartLayout } from './layout.ts';
import { layoutFor, layoutKey } from './layout-client.ts';
import type { ChartView, Exits } from './view.ts';

/** A view with its layout. While another view is laid out, the one before stays. */
export interface LaidOut {
  readonly view: ChartView;
  readonly layout: ChartLayout;
}

export interface LayoutState {
  readonly laidOut: LaidOut | null;
  readonly hasFailed: boolean;
}

export function useLayout(view: ChartView, exits: Exits): LayoutState {
  const [state, setState] = useState<LayoutState>({ laidOut: null, hasFailed: false });
  const key = layoutKey(view.chart, view.open, exits);
  useEffect(() => {
    let isWanted = true;
    layoutFor(key, view).then(
      (layout) => isWanted && setState({ laidOut: { view, layout }, hasFailed: false }),
      () => isWanted && setState((before) => ({ ...before, hasFailed: true })),
    );
    return () => {
      isWanted = false;
    };
  }, [key, view]);
  return state;
}

import { useCallback, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { innermostIn } from './active.ts';
import { around, type Chart, ROOT } from './chart.ts';
import { ChartSvg } from './chart-svg.tsx';
import { ChartTools } from './chart-tools.tsx';
import type { ChartLayout } from './layout.ts';
import { leapsOf, marksOf } from './marks.ts';
import { openAtFirst, openable } from './open.ts';
import { StateDetails } from './state-details.tsx';
import { StateKeys } from './state-keys.tsx';
import { useFollow } from './use-follow.ts';
import { useLayout } from './use-layout.ts';
import { type Exits, viewOf } from './view.ts';
import type { WalkStep } from './walk.ts';

export interface ChartPaneProps {
  readonly chart: Chart;
  readonly title: string;
  readonly walk: readonly WalkStep[];
  readonly step: number;
}

/** Smaller than this nobody can read it; larger than life nobody wants it. */
const SMALLEST_TO_READ = 0.7;
const SMALLEST = 0.15;
const LARGEST = 2.5;
const ZOOM_STEP = 1.25;

/** A statechart that shows where it stands and how it came there. */
export function ChartPane({ chart, title, walk, step }: ChartPaneProps) {
  const id = useId();
  const [open, setOpen] = useState(() => openAtFirst(chart));
  const [exits, setExits] = useState<Exits>('hidden');
  const [selected, setSelected] = useState<string | null>(null);
  const [zoom, setZoom] = useState<number | 'fit' | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const room = useRoom(scroller);
  const wanted = useMemo(() => viewOf(chart, { open, exits }), [chart, open, exits]);
  const { laidOut, hasFailed } = useLayout(wanted, exits);
  const onToggle = useCallback((path: string) => setOpen((before) => toggled(chart, before, path)), [chart]);
  const view = laidOut?.view ?? wanted;
  const marks = useMemo(() => marksOf(view, walk, step), [view, walk, step]);
  const leaps = useMemo(
    () => (laidOut ? leapsOf(laidOut.view, laidOut.layout, walk, step) : []),
    [laidOut, walk, step],
  );
  const scale = laidOut ? scaleOf(zoom, laidOut.layout, room) : 1;
  const inner = innermostIn(chart, ROOT, marks.active);
  // in the region that is open, where one is
  const at = inner.find((path) => view.shown.some((state) => state.path === path)) ?? inner[0] ?? ROOT;
  const isShown = (path: string) => laidOut?.layout.boxes.has(path) === true;
  const first = around(chart, at).find(isShown) ?? ROOT;
  useFollow(scroller, laidOut?.layout, first, scale);
  const state = chart.states.get(selected ?? at);
  return (
    <div class="chart">
      <ChartTools
        scale={scale}
        exits={exits}
        said={hasFailed ? FAILED : laidOut?.view === wanted ? '' : LAYING_OUT}
        isAllOpen={openable(chart).every((path) => open.has(path))}
        onZoom={(factor) => setZoom(clamp(scale * factor))}
        zoomStep={ZOOM_STEP}
        onFit={() => setZoom('fit')}
        onExits={setExits}
        onOpenAll={() => setOpen(new Set(openable(chart)))}
        onOpenFirst={() => setOpen(openAtFirst(chart))}
      />
      <div class="chart-body">
        <div class="chart-scroller" ref={scroller} onWheel={(event) => zoomBy(event, scale, setZoom)}>
          {laidOut && (
            <div class="chart-stage">
              <ChartSvg {...laidOut} {...{ marks, leaps, selected, scale, title, id }} />
              <StateKeys
                {...laidOut}
                {...{ marks, selected, first, scale, title, onToggle }}
                onSelect={setSelected}
              />
            </div>
          )}
        </div>
        {state && state.path !== ROOT && (
          <StateDetails
            {...{ chart, state, marks, walk, onToggle }}
            isOpen={open.has(state.path)}
            onSelect={(path) => {
              setOpen((before) => withShown(chart, before, path));
              setSelected(path);
            }}
          />
        )}
      </div>
    </div>
  );
}

const LAYING_OUT = 'The chart is laid out …';
const FAILED =
  'The chart could not be laid out: load the page again. The list of states in the status is complete without it.';

const clamp = (scale: number): number => Math.min(LARGEST, Math.max(SMALLEST, scale));

/** What was chosen; at first as wide as there is room, but large enough to be read. */
function scaleOf(zoom: number | 'fit' | null, { width, height }: ChartLayout, room: Room): number {
  if (typeof zoom === 'number') return zoom;
  const wide = room.width / width;
  if (zoom === 'fit') return clamp(Math.min(1, wide, room.height / height));
  return Math.min(1, Math.max(SMALLEST_TO_READ, wide));
}

function zoomBy(event: WheelEvent, scale: number, setZoom: (zoom: number) => void): void {
  if (!event.ctrlKey) return;
  event.preventDefault();
  setZoom(clamp(scale * (event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP)));
}

function toggled(chart: Chart, open: ReadonlySet<string>, path: string): ReadonlySet<string> {
  if ((chart.states.get(path)?.children.length ?? 0) === 0) return open;
  const after = new Set(open);
  if (!after.delete(path)) after.add(path);
  return after;
}

/** All around a state is open. */
function withShown(chart: Chart, open: ReadonlySet<string>, path: string): ReadonlySet<string> {
  const after = new Set(open);
  let at = chart.states.get(path)?.parent;
  while (at) {
    after.add(at);
    at = chart.states.get(at)?.parent;
  }
  return after.size === open.size ? open : after;
}

interface Room {
  readonly width: number;
  readonly height: number;
}

/** How large the place of the chart is. */
function useRoom(place: { readonly current: HTMLElement | null }): Room {
  const [room, setRoom] = useState<Room>({ width: 800, height: 500 });
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    const measure = () => setRoom({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, [place]);
  return room;
}

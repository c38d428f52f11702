import { memo } from 'preact/compat';
import { useMemo } from 'preact/hooks';
import { activeInWords } from './active.ts';
import type { ChartState } from './chart.ts';
import { nameShown } from './elk-graph.ts';
import { labelOf, transitionText } from './labels.ts';
import type { Box, ChartLayout, Point } from './layout.ts';
import { leapPath, linePath } from './line-path.ts';
import { insideText, type Leap, type Marks } from './marks.ts';
import type { Arrow, ChartView } from './view.ts';

export interface ChartSvgProps {
  readonly view: ChartView;
  readonly layout: ChartLayout;
  readonly marks: Marks;
  readonly leaps: readonly Leap[];
  readonly selected: string | null;
  readonly scale: number;
  readonly title: string;
  /** Unique on the page. */
  readonly id: string;
}

/** The picture of a chart. What is said of it in words is where it stands. */
export function ChartSvg({ view, layout, marks, leaps, selected, scale, title, id }: ChartSvgProps) {
  const { chart, shown, arrows } = view;
  const { width, height, boxes } = layout;
  const words = `${title} is in these states: ${activeInWords(chart, marks.active)}.`;
  return (
    <svg
      role="img"
      aria-label={words}
      class="chart-picture"
      width={width * scale}
      height={height * scale}
      viewBox={`0 0 ${width} ${height}`}
    >
      <Heads id={id} />
      {shown.map((state) => (
        <StateBox
          key={state.path}
          box={boxes.get(state.path) as Box}
          state={state}
          isOpen={view.open.has(state.path)}
          isActive={marks.active.has(state.path)}
          order={marks.visited.get(state.path)?.lastStep ?? null}
          isSelected={selected === state.path}
          inside={
            view.open.has(state.path) || state.children.length === 0
              ? ''
              : insideText(chart, state, marks.active)
          }
        />
      ))}
      {arrows.map((arrow) => (
        <ArrowLine
          key={arrow.id}
          arrow={arrow}
          line={layout.lines.get(arrow.id) as readonly Point[]}
          label={layout.labels.get(arrow.id)}
          look={lookOf(arrow, marks)}
          isNear={selected !== null && (arrow.from === selected || arrow.to === selected)}
          id={id}
        />
      ))}
      {leaps.map(({ from, to }) => (
        <path
          key={`${from}>${to}`}
          class="chart-line chart-leap chart-taken"
          d={leapPath(boxes.get(from) as Box, boxes.get(to) as Box)}
          marker-end={`url(#${id}-taken)`}
        />
      ))}
    </svg>
  );
}

type Look = 'plain' | 'taken' | 'last';

const lookOf = ({ id }: Arrow, { taken, lastTaken }: Marks): Look =>
  lastTaken.has(id) ? 'last' : taken.has(id) ? 'taken' : 'plain';

/** One for each colour of line. */
const Heads = memo(({ id }: { id: string }) => (
  <defs>
    {(['plain', 'taken', 'last'] as const).map((look) => (
      <marker
        key={look}
        id={`${id}-${look}`}
        class={`chart-head chart-head-${look}`}
        viewBox="0 0 8 8"
        refX="7.5"
        refY="4"
        markerWidth="7"
        markerHeight="7"
        markerUnits="userSpaceOnUse"
        orient="auto"
      >
        <path d="M0 0.5L8 4L0 7.5z" />
      </marker>
    ))}
  </defs>
));

/** Ends that nobody wants. */
const isMisfortune = ({ kind, name }: ChartState): boolean =>
  kind === 'final' && ['failed', 'leaked', 'lost', 'refused'].includes(name);

interface StateBoxProps {
  readonly box: Box;
  readonly state: ChartState;
  readonly isOpen: boolean;
  readonly isActive: boolean;
  /** The step in which it was entered last, or null. */
  readonly order: number | null;
  readonly isSelected: boolean;
  readonly inside: string;
}

const StateBox = memo(({ box, state, isOpen, isActive, order, isSelected, inside }: StateBoxProps) => {
  const { x, y, width, height } = box;
  const look = [
    'chart-state',
    `chart-${state.kind}`,
    isOpen ? 'chart-open' : 'chart-closed',
    isActive && 'chart-active',
    order !== null && 'chart-visited',
    isMisfortune(state) && 'chart-bad',
    isSelected && 'chart-selected',
  ];
  return (
    <g class={look.filter(Boolean).join(' ')}>
      <rect x={x} y={y} width={width} height={height} rx={state.kind === 'final' ? 14 : 6} />
      {state.kind === 'final' && (
        <rect class="chart-inner" x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx={11} />
      )}
      <text class="chart-name" x={x + 11} y={y + 18}>
        {nameShown(state)}
      </text>
      {order !== null && !isActive && (
        <text class="chart-order" x={x + width - 6} y={y + 13}>
          {order + 1}
        </text>
      )}
      {isActive && <circle class="chart-dot" cx={x + width - 8} cy={y + 9} r={3.5} />}
      {inside && (
        <text class="chart-inside" x={x + 11} y={y + 34}>
          {inside.length > 19 ? `${inside.slice(0, 18)}…` : inside}
        </text>
      )}
      {state.isInitial && !isOpen && <circle class="chart-start" cx={x} cy={y + 14} r={3} />}
    </g>
  );
});

interface ArrowLineProps {
  readonly arrow: Arrow;
  readonly line: readonly Point[];
  readonly label: Box | undefined;
  readonly look: Look;
  readonly isNear: boolean;
  readonly id: string;
}

const ArrowLine = memo(({ arrow, line, label, look, isNear, id }: ArrowLineProps) => {
  const path = useMemo(() => linePath(line), [line]);
  const isMishap = arrow.edges.every(({ cause }) => cause === 'fault' || cause === 'deadline');
  const looks = [
    'chart-arrow',
    look !== 'plain' && 'chart-taken',
    look === 'last' && 'chart-last',
    (isMishap || arrow.isShared) && 'chart-mishap',
    isNear && 'chart-near',
  ];
  return (
    <g class={looks.filter(Boolean).join(' ')}>
      <title>{arrow.edges.map(transitionText).join('\n')}</title>
      <path class="chart-line" d={path} marker-end={`url(#${id}-${look})`} />
      {label && (
        <text class="chart-label" x={label.x} y={label.y + 10}>
          {labelOf(arrow)}
        </text>
      )}
    </g>
  );
});

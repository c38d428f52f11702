import { shortDuration } from '../words/format.ts';
import type { Chart, ChartEdge, ChartState } from './chart.ts';
import { around, ROOT } from './chart.ts';
import { transitionText } from './labels.ts';
import type { Marks } from './marks.ts';
import type { WalkStep } from './walk.ts';

export interface StateDetailsProps {
  readonly chart: Chart;
  readonly state: ChartState;
  readonly isOpen: boolean;
  readonly marks: Marks;
  readonly walk: readonly WalkStep[];
  readonly onSelect: (path: string) => void;
  readonly onToggle: (path: string) => void;
}

/** All that is known of one state: what it is, what it does, where it leads. */
export function StateDetails({ chart, state, isOpen, marks, walk, onSelect, onToggle }: StateDetailsProps) {
  const leaves = chart.edges.filter(({ from }) => from === state.path);
  const comes = chart.edges.filter(({ to, from }) => to === state.path && from !== state.path);
  return (
    <section class="chart-details" aria-label={`State ${state.name}`}>
      <h3>{state.name}</h3>
      {wayTo(chart, state) && <p class="chart-soft">{wayTo(chart, state)}</p>}
      {state.description && <p>{state.description}</p>}
      <p>{standingText(state, marks, walk)}</p>
      {state.does.length > 0 && (
        <p>
          Does <code>{state.does.join(', ')}</code>.
        </p>
      )}
      {state.children.length > 0 && (
        <button type="button" onClick={() => onToggle(state.path)}>
          {isOpen ? 'Close' : `Show the ${state.children.length} states in it`}
        </button>
      )}
      <Ways title="Leaves by" edges={leaves} endOf={({ to }) => to} chart={chart} onSelect={onSelect} />
      <Ways title="Comes from" edges={comes} endOf={({ from }) => from} chart={chart} onSelect={onSelect} />
    </section>
  );
}

const wayTo = (chart: Chart, { path }: ChartState): string =>
  around(chart, path)
    .slice(1)
    .reverse()
    .map((outer) => chart.states.get(outer)?.name)
    .join(' › ');

function standingText({ path }: ChartState, { active, visited }: Marks, walk: readonly WalkStep[]): string {
  const times = visited.get(path)?.times ?? 0;
  const entered =
    times === 0 ? 'Not entered so far' : times === 1 ? 'Entered once' : `Entered ${times} times`;
  const ms = timeIn(path, walk);
  const long = ms === undefined ? '' : `, for ${shortDuration(ms)} in all`;
  return `${active.has(path) ? 'Active now. ' : ''}${entered}${long}.`;
}

/** How long it was active on the whole way, as far as that is over. */
function timeIn(path: string, walk: readonly WalkStep[]): number | undefined {
  const spans = walk.flatMap(({ atMs, active }, index) => {
    const next = walk[index + 1];
    return active.has(path) && next ? [next.atMs - atMs] : [];
  });
  return spans.length === 0 ? undefined : spans.reduce((sum, ms) => sum + ms, 0);
}

interface WaysProps {
  readonly title: string;
  readonly edges: readonly ChartEdge[];
  readonly endOf: (edge: ChartEdge) => string;
  readonly chart: Chart;
  readonly onSelect: (path: string) => void;
}

const MAX_WAYS = 12;

function Ways({ title, edges, endOf, chart, onSelect }: WaysProps) {
  if (edges.length === 0) return null;
  return (
    <>
      <h4>{title}</h4>
      <ul class="chart-ways">
        {edges.slice(0, MAX_WAYS).map((edge, index) => (
          <li key={index}>
            <code>{transitionText(edge)}</code>{' '}
            <button type="button" class="chart-link" onClick={() => onSelect(endOf(edge))}>
              {nameOf(chart, endOf(edge))}
            </button>
          </li>
        ))}
        {edges.length > MAX_WAYS && <li class="chart-soft">and {edges.length - MAX_WAYS} more</li>}
      </ul>
    </>
  );
}

const nameOf = (chart: Chart, path: string): string =>
  path === ROOT ? 'any state' : (chart.states.get(path)?.name ?? path);

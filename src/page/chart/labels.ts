import type { Cause, ChartEdge } from './chart.ts';
import type { Arrow } from './view.ts';

const MAX_CHARACTERS = 30;

/** What stands at an arrow: short, because the tooltip and the table say all. */
export function labelOf(arrow: Arrow): string {
  if (arrow.isShared) return sharedLabel(arrow.edges);
  // between groups of states, what is the case in one of them says little
  const own = arrow.edges.filter(({ from, to }) => from === arrow.from && to === arrow.to);
  if (own.some(({ cause, guard }) => cause === 'next' && guard === '')) return '';
  const labels = [...new Set(own.map(shortOf))].filter((label) => label !== '');
  return shortened(labels.length === 0 ? '' : labels.join(', '));
}

/** One transition in full, e.g. `checkArtifact done [hasNextPass]`. */
export const transitionText = ({ what, guard }: ChartEdge): string =>
  [what || 'at once', guard && `[${guard}]`].filter(Boolean).join(' ');

function shortOf({ cause, what, guard }: ChartEdge): string {
  const condition = guard ? `[${guard}]` : '';
  if (cause === 'next') return condition;
  if (cause === 'fault') return condition ? `error ${condition}` : 'error';
  if (cause === 'deadline') return 'deadline';
  return [what, condition].filter(Boolean).join(' ');
}

function sharedLabel(edges: readonly ChartEdge[]): string {
  const count = (cause: Cause, one: string, many: string) => {
    const all = edges.filter((edge) => edge.cause === cause).length;
    return all === 0 ? [] : [all === 1 ? one : `${all} ${many}`];
  };
  const events = new Set(edges.filter(({ cause }) => cause === 'event').map(({ what }) => what));
  return [
    ...count('fault', 'error', 'errors'),
    ...count('deadline', 'deadline', 'deadlines'),
    ...(events.size > 2 ? [`${events.size} events`] : events),
  ].join(', ');
}

export const shortened = (text: string, max = MAX_CHARACTERS): string =>
  text.length <= max ? text : `${text.slice(0, max - 1)}…`;

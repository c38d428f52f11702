import { useCallback } from 'preact/hooks';
import type { ChartActor } from '../../live/messages.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { Foreign } from '../parts/text.tsx';
import { actorTitle } from '../words/actors.ts';
import { capital } from '../words/format.ts';
import { activePaths } from '../words/states.ts';

interface ActorChartProps {
  readonly actor: ChartActor;
  readonly isOpen?: boolean;
}

/** An actor with its statechart, live. */
export function ActorChart({ actor, isOpen = false }: ActorChartProps) {
  const definition = usePage(useCallback(({ charts }: PageState) => charts[actor.chart], [actor.chart]));
  const value = actor.steps.at(-1)?.value;
  return (
    <details class="actor" open={isOpen}>
      <summary>
        <span>
          <Foreign text={capital(actorTitle(actor))} />
        </span>
        <span class="muted small">{activePaths(value).join(' · ')}</span>
      </summary>
      {definition === undefined && <p class="empty">Its statechart is not known.</p>}
    </details>
  );
}

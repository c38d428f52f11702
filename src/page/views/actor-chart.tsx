import { useState } from 'preact/hooks';
import type { ChartActor } from '../../live/messages.ts';
import { LiveChart } from '../chart/lazy.tsx';
import { Foreign } from '../parts/text.tsx';
import { actorTitle } from '../words/actors.ts';
import { capital } from '../words/format.ts';
import { activePaths } from '../words/states.ts';

/** An actor with its statechart, live; the chart is drawn while somebody looks at it. */
export function ActorChart({ actor }: { actor: ChartActor }) {
  const [isOpen, setOpen] = useState(false);
  const title = capital(actorTitle(actor));
  return (
    <details class="actor" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Foreign text={title} />
        <span class="muted small">{activePaths(actor.steps.at(-1)?.value).join(' · ')}</span>
      </summary>
      {isOpen && <LiveChart chartId={actor.chart} title={title} steps={actor.steps} />}
    </details>
  );
}

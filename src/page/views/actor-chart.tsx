import { useState } from 'preact/hooks';
import type { RecordedMove } from '../../history/record.ts';
import type { ChartActor } from '../../live/messages.ts';
import type { ActorWayProps } from '../chart/job-way.tsx';
import { ActorWay } from '../chart/lazy.tsx';
import { Foreign } from '../parts/text.tsx';
import { actorTitle } from '../words/actors.ts';
import { capital } from '../words/format.ts';
import { activePaths } from '../words/states.ts';

interface ActorChartProps {
  readonly actor: ChartActor;
  /** What the history has of its way. */
  readonly moves?: readonly RecordedMove[];
}

/** An actor with its statechart, live; the chart is drawn while somebody looks at it. */
export const ActorChart = ({ actor, moves }: ActorChartProps) => (
  <Folded
    title={capital(actorTitle(actor))}
    standing={activePaths(actor.steps.at(-1)?.value).join(' · ')}
    chartId={actor.chart}
    steps={actor.steps}
    {...(moves && { moves })}
  />
);

/** The machine of a job that has gone, by what the history has of it. */
export const PastMachine = ({ name, moves }: { name: string; moves: readonly RecordedMove[] }) => (
  <Folded
    title={`Machine ${name}`}
    standing={moves.at(-1)?.entered ?? ''}
    chartId="vmLifecycle"
    moves={moves}
  />
);

interface FoldedProps extends ActorWayProps {
  readonly standing: string;
}

function Folded({ standing, ...way }: FoldedProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="actor" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Foreign text={way.title} />
        <span class="muted small">{standing}</span>
      </summary>
      {isOpen && <ActorWay {...way} />}
    </details>
  );
}

import { useMemo } from 'preact/hooks';
import type { JobRecord } from '../../history/record.ts';
import type { ChartActor } from '../../live/messages.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { ActorChart } from './actor-chart.tsx';

const actorsOf = ({ actors }: PageState) => actors;

interface JobChartsProps {
  readonly runId: string;
  readonly record: JobRecord | undefined;
}

/** The statechart of a job, and of what works for it: its machine, its notarization. */
export function JobCharts({ runId }: JobChartsProps) {
  const actors = usePage(actorsOf);
  const family = useMemo(() => familyOf(actors, runId), [actors, runId]);
  if (family.length === 0) return null;
  return (
    <section class="card" aria-labelledby="charts">
      <h2 id="charts">Statecharts</h2>
      {family.map((actor, index) => (
        <ActorChart key={actor.id} actor={actor} isOpen={index === 0} />
      ))}
    </section>
  );
}

/** The actor of a run, and all that live below it. */
function familyOf(actors: ReadonlyMap<string, ChartActor>, runId: string): readonly ChartActor[] {
  const run = [...actors.values()].find((actor) => actor.chart === 'signJob' && actor.runId === runId);
  return run ? [run, ...below(actors, run.id)] : [];
}

export function below(actors: ReadonlyMap<string, ChartActor>, id: string): readonly ChartActor[] {
  return [...actors.values()]
    .filter((actor) => actor.parent === id)
    .flatMap((actor) => [actor, ...below(actors, actor.id)]);
}

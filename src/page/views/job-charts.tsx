import { useMemo } from 'preact/hooks';
import type { JobRecord } from '../../history/record.ts';
import type { ChartActor } from '../../live/messages.ts';
import { JobWay } from '../chart/lazy.tsx';
import type { Times } from '../chart/time-line.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { plain } from '../words/format.ts';
import { activePaths } from '../words/states.ts';
import { ActorChart, PastMachine } from './actor-chart.tsx';

/** What the actor of its machine is called in a job. */
const MACHINE = 'vm';
const NO_MOVES: JobRecord['moves'] = { job: [], machine: [] };

const actorsOf = ({ actors }: PageState) => actors;

interface JobChartsProps {
  readonly runId: string;
  readonly record: JobRecord | undefined;
}

/** How a job went, along its time and its statechart; and the charts of what works for it. */
export function JobCharts({ runId, record }: JobChartsProps) {
  const actors = usePage(actorsOf);
  const run = useMemo(() => runIn(actors, runId), [actors, runId]);
  const times = useMemo(() => timesOf(record, run), [record, run]);
  const others = run ? below(actors, run.id) : [];
  const moves = record?.moves ?? NO_MOVES;
  return (
    <section class="card" aria-labelledby="way">
      <h2 id="way">{run ? 'How it goes' : 'How it went'}</h2>
      {times && (
        <JobWay
          times={times}
          title={plain(record?.appName ?? 'The job', 60)}
          moves={moves.job}
          steps={run?.steps}
        />
      )}
      {others.map((actor) => (
        <ActorChart key={actor.id} actor={actor} {...(actor.name === MACHINE && { moves: moves.machine })} />
      ))}
      {record?.machine && moves.machine.length > 0 && !others.some(({ name }) => name === MACHINE) && (
        <PastMachine name={record.machine} moves={moves.machine} />
      )}
    </section>
  );
}

const runIn = (actors: ReadonlyMap<string, ChartActor>, runId: string): ChartActor | undefined =>
  [...actors.values()].find((actor) => actor.chart === 'signJob' && actor.runId === runId);

const below = (actors: ReadonlyMap<string, ChartActor>, id: string): readonly ChartActor[] =>
  [...actors.values()]
    .filter((actor) => actor.parent === id)
    .flatMap((actor) => [actor, ...below(actors, actor.id)]);

/** The record, with what has happened since it was asked for. */
function timesOf(record: JobRecord | undefined, run: ChartActor | undefined): Times | undefined {
  const live = withoutRests(run?.steps.map(({ atMs, value }) => ({ atMs, state: workState(value) })) ?? []);
  if (record) {
    const lastMs = record.path.at(-1)?.atMs ?? 0;
    return { ...record, path: withoutRests([...record.path, ...live.filter(({ atMs }) => atMs > lastMs)]) };
  }
  const startedAtMs = live[0]?.atMs;
  if (startedAtMs === undefined) return undefined;
  const durationMs = (live.at(-1)?.atMs ?? startedAtMs) - startedAtMs;
  return { startedAtMs, durationMs, endedAtMs: null, result: 'running', stages: [], path: live };
}

/** Where only another region has moved, the work stands where it stood. */
const withoutRests = (path: Times['path']): Times['path'] =>
  path.filter(({ state }, index) => state !== path[index - 1]?.state);

const WORK = 'engaged.work.';

/** As the record has it: of the regions of a run, the one that does the work. */
const workState = (value: unknown): string => {
  const paths = activePaths(value);
  return paths.find((path) => path.startsWith(WORK))?.slice(WORK.length) ?? paths[0] ?? '';
};

import { useCallback, useMemo, useState } from 'preact/hooks';
import { statesIn } from './active.ts';
import { ChartPane } from './chart-pane.tsx';
import { chartNamed } from './known-charts.ts';
import { Stepper } from './stepper.tsx';
import { stepAt, type Times } from './time-line.ts';
import { TimeLineView } from './time-line-view.tsx';
import { type ActorStep, walkOfPath, walkOfSteps } from './walk.ts';

export interface JobWayProps {
  /** A record of the history, or what is known of a job that runs. */
  readonly times: Times;
  readonly title: string;
  /** Where its actor stands now: all regions, of which the record keeps one. */
  readonly value?: unknown;
}

/** How a job went: time line and statechart, with one step that both show. */
export function JobWay({ times, title, value }: JobWayProps) {
  const chart = chartNamed('signJob');
  const { path, result } = times;
  const isGood = result === 'succeeded';
  const walk = useMemo(() => (chart ? walkOfPath(chart, path, isGood) : []), [chart, path, isGood]);
  const [chosen, setChosen] = useState<number | null>(null);
  const last = Math.max(0, walk.length - 1);
  const step = Math.min(chosen ?? last, last);
  const isLive = value !== undefined;
  const now = useMemo(() => (chart && isLive ? statesIn(value, chart) : undefined), [chart, isLive, value]);
  // at the end one goes on with what happens
  const onStep = useCallback((wanted: number) => setChosen(wanted >= last ? null : wanted), [last]);
  const onTime = useCallback((atMs: number) => onStep(stepAt(walk, atMs)), [walk, onStep]);
  const atMs = step === last ? null : (walk[step]?.atMs ?? null);
  return (
    <div class="job-way">
      <TimeLineView times={times} atMs={atMs} onTime={onTime} />
      <Stepper walk={walk} step={step} isLive={isLive} onStep={onStep} />
      {chart && <ChartPane {...{ chart, title, walk, step }} now={step === last ? now : undefined} />}
    </div>
  );
}

export interface LiveChartProps {
  /** Id of the machine, e.g. `supervisor`. */
  readonly chartId: string;
  readonly title: string;
  /** Where it stands and stood, oldest first. */
  readonly steps: readonly ActorStep[];
}

/** The statechart of any actor that lives. */
export function LiveChart({ chartId, title, steps }: LiveChartProps) {
  const chart = chartNamed(chartId);
  const walk = useMemo(() => (chart ? walkOfSteps(chart, steps) : []), [chart, steps]);
  const [chosen, setChosen] = useState<number | null>(null);
  const last = Math.max(0, walk.length - 1);
  const step = Math.min(chosen ?? last, last);
  if (!chart) return <p class="chart-soft">This version of perry-ship has no chart of that name.</p>;
  return (
    <div class="job-way">
      <Stepper {...{ walk, step }} isLive onStep={(wanted) => setChosen(wanted >= last ? null : wanted)} />
      <ChartPane {...{ chart, title, walk, step }} />
    </div>
  );
}

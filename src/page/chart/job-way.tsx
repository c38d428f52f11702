import { useCallback, useMemo, useState } from 'preact/hooks';
import { ChartPane } from './chart-pane.tsx';
import { chartNamed } from './known-charts.ts';
import { Stepper } from './stepper.tsx';
import { stepAt, type Times } from './time-line.ts';
import { TimeLineView } from './time-line-view.tsx';
import { type ActorStep, type Move, walkOf, walkOfPath } from './walk.ts';

interface WayProps {
  readonly title: string;
  /** As far as the history has it, oldest first. */
  readonly moves?: readonly Move[];
  /** Where its actor stands and stood, oldest first; undefined when it is no more. */
  readonly steps?: readonly ActorStep[] | undefined;
}

export interface JobWayProps extends WayProps {
  /** A record of the history, or what is known of a job that runs. */
  readonly times: Times;
}

/** How a job went: time line and statechart, with one step that both show. */
export function JobWay({ times, title, moves = NOTHING, steps }: JobWayProps) {
  const chart = chartNamed('signJob');
  const { path, result } = times;
  const walk = useMemo(() => {
    if (!chart) return NOTHING;
    const whole = walkOf(chart, moves, steps);
    // an older version kept the states of the work alone
    return whole.length > 0 ? whole : walkOfPath(chart, path, result === 'succeeded');
  }, [chart, moves, steps, path, result]);
  const { step, last, onStep } = useSteps(walk.length);
  const onTime = useCallback((atMs: number) => onStep(stepAt(walk, atMs)), [walk, onStep]);
  const atMs = step === last ? null : (walk[step]?.atMs ?? null);
  return (
    <div class="job-way">
      <TimeLineView times={times} atMs={atMs} onTime={onTime} />
      <Stepper {...{ walk, step, onStep }} isLive={steps !== undefined} />
      {chart && <ChartPane {...{ chart, title, walk, step }} />}
    </div>
  );
}

export interface ActorWayProps extends WayProps {
  /** Id of the machine, e.g. `supervisor`. */
  readonly chartId: string;
}

/** The statechart of any actor, while it lives and afterwards. */
export function ActorWay({ chartId, title, moves = NOTHING, steps }: ActorWayProps) {
  const chart = chartNamed(chartId);
  const walk = useMemo(() => (chart ? walkOf(chart, moves, steps) : NOTHING), [chart, moves, steps]);
  const { step, onStep } = useSteps(walk.length);
  if (!chart) return <p class="chart-soft">This version of perry-ship has no chart of that name.</p>;
  return (
    <div class="job-way">
      <Stepper {...{ walk, step, onStep }} isLive={steps !== undefined} />
      <ChartPane {...{ chart, title, walk, step }} />
    </div>
  );
}

const NOTHING: readonly never[] = [];

/** The step that is looked at: at the end one goes on with what happens. */
function useSteps(count: number) {
  const [chosen, setChosen] = useState<number | null>(null);
  const last = Math.max(0, count - 1);
  const onStep = useCallback((wanted: number) => setChosen(wanted >= last ? null : wanted), [last]);
  return { step: Math.min(chosen ?? last, last), last, onStep };
}

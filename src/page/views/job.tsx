import { useCallback, useMemo } from 'preact/hooks';
import type { JobRecord } from '../../history/record.ts';
import type { Asked } from '../model/asked.ts';
import { type JobAnswer, useJob } from '../model/history.ts';
import { keepsHistory, type PageState, type RunView } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { Heading } from '../parts/heading.tsx';
import { Status } from '../parts/icon.tsx';
import { Progress } from '../parts/progress.tsx';
import { Foreign } from '../parts/text.tsx';
import { Elapsed } from '../parts/time.tsx';
import { plain } from '../words/format.ts';
import { NO_ANSWER, NO_HISTORY } from '../words/history.ts';
import { resultSaid, runSaid, targetWord } from '../words/jobs.ts';
import { CancelButton, isRunning } from './cancel-button.tsx';
import { JobCharts } from './job-charts.tsx';
import { JobEvents } from './job-events.tsx';
import { JobFacts } from './job-facts.tsx';
import { JobFailure } from './job-failure.tsx';
import { JobLogView } from './job-log.tsx';

/** One job, while it runs and afterwards. */
export function JobView({ id }: { id: string }) {
  const run = usePage(useCallback(({ runs }: PageState) => runNamed(runs, id), [id]));
  const asked = useJob(id, `${run?.stage} ${run?.phase} ${run?.state}`);
  const record = asked.phase === 'here' ? asked.answer.record : undefined;
  if (!run && !record) return <Nobody asked={asked} />;
  const runId = run?.runId ?? record?.runId ?? '';
  return (
    <>
      <Head run={run} record={record} />
      {record?.failure && <JobFailure result={record.result} failure={record.failure} />}
      <JobCharts runId={runId} record={record} />
      {record && <JobFacts record={record} />}
      <JobEvents jobId={run?.jobId ?? record?.jobId ?? ''} record={record} />
      {asked.phase === 'here' && (
        <JobLogView log={asked.answer.log} runId={runId} isLive={run !== undefined} />
      )}
    </>
  );
}

/** As the history looks for it. */
const runNamed = (runs: readonly RunView[], id: string): RunView | undefined =>
  runs.find(({ runId }) => runId === id) ?? runs.find(({ jobId }) => jobId === id);

function Head({ run, record }: { run: RunView | undefined; record: JobRecord | undefined }) {
  const name = run?.appName ?? record?.appName ?? run?.jobId ?? record?.jobId ?? '';
  const target = run?.target ?? record?.target ?? null;
  const said = useMemo(
    () => (run ? runSaid(run) : resultSaid(record?.result ?? 'running')),
    [run, record?.result],
  );
  return (
    <div class="card job-head">
      <div class="headed">
        <Heading title={`${plain(name, 60)}: ${said.word}`}>
          <Foreign text={name} max={80} />
        </Heading>
        {run && <CancelButton run={run} label="Cancel the job" />}
      </div>
      <p class="job-line">
        <Status tone={said.tone} word={said.word} />
        <span>{targetWord(target)}</span>
        <span class="muted">
          Job <Foreign text={run?.jobId ?? record?.jobId ?? ''} max={80} />
        </span>
        {run && isRunning(run) && run.sinceMs !== null && <Elapsed sinceMs={run.sinceMs} />}
      </p>
      {run && isRunning(run) && (
        <Progress name={`${plain(name, 60)}: ${said.word}`} percent={run.percent ?? 0} />
      )}
    </div>
  );
}

function Nobody({ asked: { phase } }: { asked: Asked<JobAnswer> }) {
  const isKept = usePage(keepsHistory);
  if (phase === 'asking') return <Heading title="Job">Asking the daemon…</Heading>;
  if (phase === 'failed') return <Instead heading="Nothing is known of this job yet" text={NO_ANSWER} />;
  if (!isKept) return <Instead heading="This job is no longer here" text={NO_HISTORY} />;
  return (
    <Instead
      heading="This job is not known"
      text="It may have ended before this history began. Look for it in the history."
    />
  );
}

const Instead = ({ heading, text }: { heading: string; text: string }) => (
  <>
    <Heading title="Job">{heading}</Heading>
    <p>{text}</p>
  </>
);

import { memo } from 'preact/compat';
import { hrefOf } from '../model/route.ts';
import type { RunView } from '../model/state.ts';
import { Status } from '../parts/icon.tsx';
import { Progress } from '../parts/progress.tsx';
import { Foreign } from '../parts/text.tsx';
import { Elapsed } from '../parts/time.tsx';
import { plain } from '../words/format.ts';
import { machineWord, runSaid, stateWord, targetWord } from '../words/jobs.ts';
import { CancelButton } from './cancel-button.tsx';

const nameOf = ({ appName, jobId }: RunView): string => plain(appName ?? jobId, 60);

/** A job that is here; drawn again only when something of it has changed. */
export const RunRow = memo(({ run }: { run: RunView }) => {
  const said = runSaid(run);
  return (
    <li class="row row-run">
      <div class="row-name">
        <a href={hrefOf({ name: 'job', id: run.runId })}>
          <Foreign text={run.appName ?? run.jobId} max={60} />
        </a>
        <span class="muted small">
          {targetWord(run.target)} · <Foreign text={run.jobId} max={40} />
        </span>
      </div>
      <div class="row-stage">
        <span class="row-said">
          <Status tone={said.tone} word={said.word} />
          <span class="muted small">{detailOf(run)}</span>
        </span>
        {run.percent !== null && <Progress name={progressName(run, said.word)} percent={run.percent} />}
      </div>
      <div class="row-machine small">
        {run.machine ? (
          <>
            Machine <Foreign text={machineWord(run.machine.state)} />
          </>
        ) : (
          <span class="muted">No machine</span>
        )}
      </div>
      <div class="row-time">
        {run.percent !== null && <span class="number muted small">{run.percent} %</span>}
        {run.sinceMs !== null && <Elapsed sinceMs={run.sinceMs} />}
      </div>
      <div class="row-cancel">
        <CancelButton run={run} label="Cancel" isSmall />
      </div>
    </li>
  );
});

/** Where in its stage it is, when that says more. */
function detailOf(run: RunView): string {
  if (run.failure !== null) return plain(run.failure, 40);
  return run.phase === 'working' ? stateWord(run.state) : '';
}

const progressName = (run: RunView, word: string): string =>
  `${nameOf(run)}: ${word}, ${run.percent} percent`;

import { memo } from 'preact/compat';
import type { JobRecord } from '../../history/record.ts';
import { hrefOf } from '../model/route.ts';
import { Status } from '../parts/icon.tsx';
import { Foreign } from '../parts/text.tsx';
import { Moment } from '../parts/time.tsx';
import { causeSaid } from '../words/failures.ts';
import { duration } from '../words/format.ts';
import { resultSaid, stageWord, targetWord } from '../words/jobs.ts';

/** A job that has ended. */
export const RecordRow = memo(
  ({ record }: { record: JobRecord }) => {
    const said = resultSaid(record.result);
    return (
      <li class="row">
        <div class="row-name">
          <a href={hrefOf({ name: 'job', id: record.runId })}>
            <Foreign text={record.appName ?? record.jobId} max={60} />
          </a>
          <span class="muted small">
            {targetWord(record.target)} · <Foreign text={record.jobId} max={40} />
          </span>
        </div>
        <div class="row-stage">
          <Status tone={said.tone} word={said.word} />
          <span class="muted small">
            <Foreign text={causeSaid(record)} max={160} />
          </span>
        </div>
        <div class="row-machine small muted">
          {record.stage && record.result !== 'succeeded'
            ? `While ${stageWord(record.stage).toLowerCase()}`
            : ''}
        </div>
        <div class="row-time">
          <span class="number">{duration(record.durationMs)}</span>
          <span class="muted small">
            {record.endedAtMs === null ? '' : <Moment atMs={record.endedAtMs} />}
          </span>
        </div>
      </li>
    );
  },
  (before, now) => before.record.runId === now.record.runId && before.record.result === now.record.result,
);

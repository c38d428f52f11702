import { useState } from 'preact/hooks';
import type { JobRecord } from '../../history/record.ts';
import type { Asked } from '../model/asked.ts';
import { type JobList, useJobs } from '../model/history.ts';
import { keepsHistory } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { Heading } from '../parts/heading.tsx';
import { counted } from '../words/format.ts';
import { NO_ANSWER, NO_HISTORY } from '../words/history.ts';
import { RecordRow } from './record-row.tsx';

/** As many as the daemon tells at once. */
const MOST = 500;
/** More rows make the page slow; who looks for an older one finds it. */
const FEW = 100;

/** What became of the jobs that are no longer here. */
export function HistoryView() {
  const [failedOnly, setFailedOnly] = useState(false);
  const [wanted, setWanted] = useState('');
  const asked = useJobs(`limit=${MOST}${failedOnly ? '&failedOnly=true' : ''}`);
  return (
    <>
      <Heading title="History">History</Heading>
      <section class="card" aria-label="Jobs that have ended">
        <div class="filters">
          <label>
            Find
            <input
              type="search"
              value={wanted}
              placeholder="app, job or error code"
              onInput={(event) => setWanted(event.currentTarget.value)}
            />
          </label>
          <label class="check">
            <input
              type="checkbox"
              checked={failedOnly}
              onChange={(event) => setFailedOnly(event.currentTarget.checked)}
            />
            Failed only
          </label>
        </div>
        <Records asked={asked} wanted={wanted.trim().toLowerCase()} />
      </section>
    </>
  );
}

function Records({ asked, wanted }: { asked: Asked<JobList>; wanted: string }) {
  const isKept = usePage(keepsHistory);
  const [most, setMost] = useState(FEW);
  if (!isKept) return <p class="empty">{NO_HISTORY}</p>;
  if (asked.phase === 'asking') return <p class="empty">Asking the daemon…</p>;
  if (asked.phase !== 'here') return <p class="empty">{NO_ANSWER}</p>;
  const found = asked.answer.jobs.filter((job) => job.result !== 'running' && isWanted(job, wanted));
  return (
    <>
      <p class="muted small" role="status">
        {counted(found.length, 'job')}
        {asked.answer.jobs.length >= MOST && ` among the last ${MOST}`}
        {asked.isOld && ', as the daemon told it last: it does not answer now'}
      </p>
      <ul class="rows">
        {found.slice(0, most).map((record) => (
          <RecordRow key={record.runId} record={record} />
        ))}
      </ul>
      {found.length > most && (
        <button type="button" class="button more" onClick={() => setMost(MOST)}>
          Show earlier ones
        </button>
      )}
    </>
  );
}

const isWanted = ({ appName, jobId, runId, bundleId, failure }: JobRecord, wanted: string): boolean =>
  wanted === '' ||
  [appName, jobId, runId, bundleId, failure?.code].some((text) => text?.toLowerCase().includes(wanted));

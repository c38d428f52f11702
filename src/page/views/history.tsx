import { useState } from 'preact/hooks';
import type { JobRecord } from '../../history/record.ts';
import { type Asked, type JobList, useJobs } from '../model/history.ts';
import { Heading } from '../parts/heading.tsx';
import { counted } from '../words/format.ts';
import { RecordRow } from './record-row.tsx';

const MOST = 200;

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
  if (asked.phase === 'asking') return <p class="empty">Asking the daemon…</p>;
  if (asked.phase !== 'here') return <p class="empty">The daemon has no history to tell.</p>;
  const found = asked.answer.jobs.filter((job) => job.result !== 'running' && isWanted(job, wanted));
  return (
    <>
      <p class="muted small" role="status">
        {counted(found.length, 'job')}
        {asked.answer.jobs.length >= MOST && ` among the last ${MOST}`}
      </p>
      <ul class="rows">
        {found.map((record) => (
          <RecordRow key={record.runId} record={record} />
        ))}
      </ul>
    </>
  );
}

const isWanted = ({ appName, jobId, runId, bundleId, failure }: JobRecord, wanted: string): boolean =>
  wanted === '' ||
  [appName, jobId, runId, bundleId, failure?.code].some((text) => text?.toLowerCase().includes(wanted));

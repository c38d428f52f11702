import { useJobs } from '../model/history.ts';
import { RecordRow } from './record-row.tsx';

/** The jobs that failed last, as far as a history is kept. */
export function RecentFailures() {
  const asked = useJobs('failedOnly=true&limit=5');
  if (asked.phase !== 'here') return null;
  const { jobs } = asked.answer;
  return (
    <section class="card" aria-labelledby="failures">
      <h2 id="failures">Last failures</h2>
      {jobs.length === 0 ? (
        <p class="empty">No job has failed.</p>
      ) : (
        <ul class="rows">
          {jobs.map((record) => (
            <RecordRow key={record.runId} record={record} />
          ))}
        </ul>
      )}
    </section>
  );
}

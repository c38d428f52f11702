import { useMemo } from 'preact/hooks';
import type { JobRecord } from '../../history/record.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { Moment } from '../parts/time.tsx';
import { stateWord } from '../words/jobs.ts';
import { EventList } from './event-list.tsx';

interface JobEventsProps {
  readonly jobId: string;
  readonly record: JobRecord | undefined;
}

const eventsOf = ({ events }: PageState) => events;

/** What happened to a job: as long as the page has watched, in events; before that, by where it stood. */
export function JobEvents({ jobId, record }: JobEventsProps) {
  const events = usePage(eventsOf);
  const ours = useMemo(() => events.filter((event) => event.jobId === jobId), [events, jobId]);
  return (
    <section class="card" aria-labelledby="happened">
      <h2 id="happened">What happened</h2>
      {ours.length > 0 ? <EventList events={ours} /> : <Path path={record?.path ?? []} />}
    </section>
  );
}

const Path = ({ path }: { path: JobRecord['path'] }) =>
  path.length === 0 ? (
    <p class="empty">Nothing yet.</p>
  ) : (
    <ol class="events">
      {[...path].reverse().map(({ atMs, state }) => (
        <li key={`${atMs} ${state}`}>
          <Moment atMs={atMs} />
          <span>{stateWord(state)}</span>
          <span class="muted small event-type">
            <code>{state}</code>
          </span>
        </li>
      ))}
    </ol>
  );

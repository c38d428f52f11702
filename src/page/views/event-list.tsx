import { memo } from 'preact/compat';
import { useState } from 'preact/hooks';
import { hrefOf } from '../model/route.ts';
import type { EventView } from '../model/state.ts';
import { Status } from '../parts/icon.tsx';
import { Code, Foreign } from '../parts/text.tsx';
import { Moment } from '../parts/time.tsx';
import { actorWord } from '../words/actors.ts';
import { eventSaid, isTold } from '../words/events.ts';

interface EventListProps {
  /** Newest first. */
  readonly events: readonly EventView[];
  /** They are of more than one job. */
  readonly namesJobs?: boolean;
}

const FEW = 30;

/** Events in words; the name that the statecharts have for each stands beside it. */
export function EventList({ events, namesJobs }: EventListProps) {
  const [showsAll, setShowsAll] = useState(false);
  const [most, setMost] = useState(FEW);
  const wanted = showsAll ? events : events.filter((event) => isTold(event) && !isRepeated(event));
  return (
    <>
      <label class="check small">
        <input
          type="checkbox"
          checked={showsAll}
          onChange={(event) => setShowsAll(event.currentTarget.checked)}
        />
        Every event, also those between the statecharts
      </label>
      {wanted.length === 0 && <p class="empty">Nothing to tell yet.</p>}
      <ol class="events">
        {wanted.slice(0, most).map((event) => (
          <EventItem key={event.key} event={event} namesJob={namesJobs === true} />
        ))}
      </ol>
      {wanted.length > most && (
        <button type="button" class="button more" onClick={() => setMost(most * 3)}>
          Show earlier ones
        </button>
      )}
    </>
  );
}

/** What the hub says goes to the supervisor, and from there to others. */
const isRepeated = ({ type, chart }: EventView): boolean => type.startsWith('hub.') && chart !== 'supervisor';

interface EventItemProps {
  readonly event: EventView;
  readonly namesJob: boolean;
}

const EventItem = memo(({ event, namesJob }: EventItemProps) => {
  const { tone, word } = eventSaid(event);
  return (
    <li>
      <Moment atMs={event.atMs} />
      <Status tone={tone} word={word} />
      <span class="muted small event-type">
        {namesJob && event.jobId !== null && <JobLink jobId={event.jobId} />}
        <Code text={event.type} /> to {actorWord(event.chart)}
      </span>
    </li>
  );
});

const JobLink = ({ jobId }: { jobId: string }) => (
  <>
    <a href={hrefOf({ name: 'job', id: jobId })}>
      job <Foreign text={jobId} max={9} />
    </a>{' '}
    ·{' '}
  </>
);

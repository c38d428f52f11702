import { memo } from 'preact/compat';
import { useState } from 'preact/hooks';
import type { EventView } from '../model/state.ts';
import { Status } from '../parts/icon.tsx';
import { Code } from '../parts/text.tsx';
import { Moment } from '../parts/time.tsx';
import { eventSaid, isTold } from '../words/events.ts';

interface EventListProps {
  /** Newest first. */
  readonly events: readonly EventView[];
  /** Who got an event, by the id of the actor. */
  readonly nameOf: (id: string) => string;
}

const FEW = 30;

/** Events in words; the name that the statecharts have for each stands beside it. */
export function EventList({ events, nameOf }: EventListProps) {
  const [showsAll, setShowsAll] = useState(false);
  const [most, setMost] = useState(FEW);
  const wanted = showsAll ? events : events.filter(isTold);
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
          <EventItem key={event.key} event={event} to={nameOf(event.to)} />
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

const EventItem = memo(({ event, to }: { event: EventView; to: string }) => {
  const { tone, word } = eventSaid(event);
  return (
    <li>
      <Moment atMs={event.atMs} />
      <Status tone={tone} word={word} />
      <span class="muted small event-type">
        <Code text={event.type} /> to {to}
      </span>
    </li>
  );
});

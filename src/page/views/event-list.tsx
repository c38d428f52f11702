import { memo } from 'preact/compat';
import type { EventView } from '../model/state.ts';
import { Status } from '../parts/icon.tsx';
import { Code } from '../parts/text.tsx';
import { Moment } from '../parts/time.tsx';
import { eventSaid } from '../words/events.ts';

interface EventListProps {
  /** Newest first. */
  readonly events: readonly EventView[];
  /** Who got an event, by the id of the actor. */
  readonly nameOf: (id: string) => string;
}

/** Events in words; the name that the statecharts have for each stands beside it. */
export const EventList = ({ events, nameOf }: EventListProps) => (
  <ol class="events">
    {events.map((event) => (
      <EventItem key={event.key} event={event} to={nameOf(event.to)} />
    ))}
  </ol>
);

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

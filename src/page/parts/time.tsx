import { useNow } from '../model/clock.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { duration } from '../words/format.ts';

const lostSinceOf = ({ link }: PageState) => (link.phase === 'lost' ? link.sinceMs : null);

/** How long it is since then. It goes on by itself, as long as the daemon is heard. */
export function Elapsed({ sinceMs }: { sinceMs: number }) {
  const now = useNow();
  return <span class="number">{duration((usePage(lostSinceOf) ?? now) - sinceMs)}</span>;
}

/** How long it is until then. */
export const Until = ({ atMs }: { atMs: number }) => (
  <span class="number">{duration(Math.max(0, atMs - useNow()))}</span>
);

const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const sameDay = (one: Date, other: Date) => one.toDateString() === other.toDateString();

/** A moment: the time of day, with the date when it was not today. */
export function Moment({ atMs }: { atMs: number }) {
  const at = new Date(atMs);
  const text = (sameDay(at, new Date()) ? time : date).format(at);
  return (
    <time class="number" dateTime={at.toISOString()} title={date.format(at)}>
      {text}
    </time>
  );
}

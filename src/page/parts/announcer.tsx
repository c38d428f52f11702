import { useEffect, useRef, useState } from 'preact/hooks';
import { type EventView, newsSince, type PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { eventSaid } from '../words/events.ts';
import { counted, plain } from '../words/format.ts';

/** Worth interrupting somebody for; stages and progress are not. */
const ANNOUNCED = new Set(
  'job.concluded job.dropped hub.linkUp hub.linkLost hub.refused drain.requested pause.requested resume.requested'.split(
    ' ',
  ),
);
/** What comes meanwhile is said together. */
const PAUSE_MS = 4_000;
const MOST_SENTENCES = 2;

const eventsOf = ({ events }: PageState) => events;
const greetedOf = ({ greetedKey }: PageState) => greetedKey;
const linkOf = ({ link }: PageState) => link.phase;

/** Says to those who hear the page what they would otherwise have to look for, now and then. */
export function Announcer() {
  const [said, setSaid] = useState('');
  const link = usePage(linkOf);
  const waiting = useWaiting();
  useEffect(() => {
    const timer = setInterval(() => {
      const sentences = waiting.current.splice(0);
      if (sentences.length > 0) setSaid(together(sentences));
    }, PAUSE_MS);
    return () => clearInterval(timer);
  }, [waiting]);
  return (
    <div class="unseen" role="status">
      {link === 'lost' ? 'The connection to the daemon is lost. What is shown is old.' : said}
    </div>
  );
}

function together(sentences: readonly string[]): string {
  const first = sentences.slice(0, MOST_SENTENCES).join('. ');
  const more = sentences.length - MOST_SENTENCES;
  return more > 0 ? `${first}. And ${counted(more, 'more event')}.` : `${first}.`;
}

/** Of the events that have come while the page was open; what the daemon tells of the time before is no news. */
function useWaiting(): { readonly current: string[] } {
  const waiting = useRef<string[]>([]);
  const heard = useRef(0);
  const events = usePage(eventsOf);
  const greetedKey = usePage(greetedOf);
  useEffect(() => {
    const fresh = newsSince({ events, greetedKey }, heard.current);
    heard.current = events[0]?.key ?? 0;
    waiting.current.push(...fresh.filter(({ type }) => ANNOUNCED.has(type)).map(sentenceOf));
  }, [events, greetedKey]);
  return waiting;
}

const sentenceOf = (event: EventView): string => {
  const { word } = eventSaid(event);
  return event.jobId === null ? word : `${word} (job ${plain(event.jobId, 40)})`;
};

import { useLayoutEffect, useRef } from 'preact/hooks';
import type { JobLog, LogEntry } from '../../history/record.ts';
import { Status } from '../parts/icon.tsx';
import { Foreign } from '../parts/text.tsx';
import { Moment } from '../parts/time.tsx';
import { counted } from '../words/format.ts';
import type { Tone } from '../words/tone.ts';
import { useGrowingLog } from './use-growing-log.ts';

interface JobLogProps {
  readonly log: JobLog;
  readonly runId: string;
  /** It may grow. */
  readonly isLive: boolean;
}

/** What the operator's log says of a job, as it grows. */
export function JobLogView({ log, runId, isLive }: JobLogProps) {
  const grown = useGrowingLog(log, runId, isLive);
  const all = log.first.length + log.last.length + grown.lines.length;
  const lines = useRef<HTMLElement>(null);
  useTail(lines, all, isLive);
  return (
    <section class="card" aria-labelledby="log">
      <h2 id="log">
        Log <span class="muted">{counted(all, 'line')}</span>
      </h2>
      {all === 0 ? (
        <p class="empty">Nothing was said of this job.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, with the keyboard as well
        <section class="log" ref={lines} tabIndex={0} aria-label="Lines of the log">
          <ol>
            <Lines entries={log.first} />
            <LeftOut count={log.leftOut} />
            <Lines entries={log.last} />
            <LeftOut count={grown.leftOut} />
            <Lines entries={grown.lines} />
          </ol>
        </section>
      )}
    </section>
  );
}

/** Who has read to the end of a log that grows stays there. */
function useTail(place: { readonly current: HTMLElement | null }, count: number, isLive: boolean): void {
  const isAtEnd = useRef(isLive);
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    if (isAtEnd.current) element.scrollTop = element.scrollHeight;
    const look = () => {
      isAtEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - AT_END_PX;
    };
    element.addEventListener('scroll', look, { passive: true });
    return () => element.removeEventListener('scroll', look);
  }, [place, count]);
}

/** About a line. */
const AT_END_PX = 24;

const LeftOut = ({ count }: { count: number }) =>
  count === 0 ? null : <li class="muted">{counted(count, 'line')} left out</li>;

const Lines = ({ entries }: { entries: readonly LogEntry[] }) => (
  <>
    {entries.map((entry, index) => (
      <li key={index}>
        <Moment atMs={entry.atMs} /> {entry.level >= 40 && <Level level={entry.level} />}{' '}
        <Foreign text={entry.message} max={2_000} /> <Facts facts={entry.facts} />
      </li>
    ))}
  </>
);

const Level = ({ level }: { level: number }) => {
  const [tone, word]: [Tone, string] = level >= 50 ? ['bad', 'Error'] : ['warn', 'Warning'];
  return <Status tone={tone} word={word} />;
};

/** What a line says beside its sentence, as far as it is short: all of it is in the log of the daemon. */
function Facts({ facts }: { facts: Readonly<Record<string, unknown>> }) {
  const pairs = Object.entries(facts).filter(
    ([name, value]) => name !== 'stage' && value !== '' && value !== null && typeof value !== 'object',
  );
  if (pairs.length === 0) return null;
  const text = pairs.map(([name, value]) => `${name}=${value}`);
  return (
    <span class="muted">
      <Foreign text={text.join(' ')} max={600} />
    </span>
  );
}

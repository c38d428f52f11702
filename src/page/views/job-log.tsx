import type { JobLog, LogEntry } from '../../history/record.ts';
import { Status } from '../parts/icon.tsx';
import { Foreign } from '../parts/text.tsx';
import { Moment } from '../parts/time.tsx';
import { counted } from '../words/format.ts';
import type { Tone } from '../words/tone.ts';

/** What the operator's log says of a job. */
export function JobLogView({ log }: { log: JobLog }) {
  const all = log.first.length + log.last.length;
  return (
    <section class="card" aria-labelledby="log">
      <h2 id="log">
        Log <span class="muted">{counted(all, 'line')}</span>
      </h2>
      {all === 0 ? (
        <p class="empty">Nothing was said of this job.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, with the keyboard as well
        <section class="log" tabIndex={0} aria-label="Lines of the log">
          <ol>
            <Lines entries={log.first} />
            {log.leftOut > 0 && <li class="muted">{counted(log.leftOut, 'line')} left out</li>}
            <Lines entries={log.last} />
          </ol>
        </section>
      )}
    </section>
  );
}

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

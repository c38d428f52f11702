import { memo } from 'preact/compat';
import { useMemo } from 'preact/hooks';
import { shortDuration } from '../words/format.ts';
import { stageWord } from '../words/jobs.ts';
import { type Span, type TimeRow, type Times, timeLineOf, waitsInAll } from './time-line.ts';

export interface TimeLineViewProps {
  readonly times: Times;
  /** The time that is looked at, in milliseconds since 1970. */
  readonly atMs: number | null;
  readonly onTime: (atMs: number) => void;
}

/** The stages of a job with their times, and what it waited for. Each leads to its place on the way. */
export const TimeLineView = memo(({ times, atMs, onTime }: TimeLineViewProps) => {
  const { rows, startMs, lengthMs } = useMemo(() => timeLineOf(times), [times]);
  if (rows.length === 0) return <p class="chart-soft">No stage has begun.</p>;
  const mark = atMs === null ? null : Math.min(1, Math.max(0, (atMs - startMs) / lengthMs));
  const waits = waitsInAll(times).map(({ what, durationMs }) => `${what} ${shortDuration(durationMs)}`);
  return (
    <>
      <ol class="time-line">
        {rows.map((row) => (
          <li key={`${row.stage} ${row.startedAtMs}`}>
            <button type="button" onClick={() => onTime(row.startedAtMs)}>
              <span class="time-name">{stageWord(row.stage)}</span>
              <span class="time-track">
                <span class="time-bar" style={placeOf(row)} />
                {row.waits.map((wait) => (
                  <span key={wait.startedAtMs} class="time-wait" style={placeOf(wait)} />
                ))}
                {mark !== null && <span class="time-mark" style={{ left: `${mark * 100}%` }} />}
              </span>
              <span class="time-long">{shortDuration(row.durationMs)}</span>
              <span class="unseen">{waitsIn(row)}</span>
            </button>
          </li>
        ))}
      </ol>
      {waits.length > 0 && (
        <p class="time-waits">
          <span class="time-wait-sample" /> Waits: {waits.join(', ')}
        </p>
      )}
    </>
  );
});

const placeOf = ({ from, length }: Span) => ({ left: `${from * 100}%`, width: `${length * 100}%` });

const waitsIn = ({ waits }: TimeRow): string =>
  waits.map(({ what, durationMs }) => `, waits ${what} ${shortDuration(durationMs)}`).join('');

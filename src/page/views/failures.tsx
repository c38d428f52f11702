import { memo } from 'preact/compat';
import type { PastFailure } from '../../observability/status.ts';
import { hrefOf } from '../model/route.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { Status } from '../parts/icon.tsx';
import { Code, Foreign } from '../parts/text.tsx';
import { Moment } from '../parts/time.tsx';
import { NO_HISTORY } from '../words/history.ts';
import { resultSaid } from '../words/jobs.ts';

const standingOf = ({ standing }: PageState) => standing;

/** The jobs that failed last, with what to do, as far as a history is kept. */
export function RecentFailures() {
  const standing = usePage(standingOf);
  if (!standing) return null;
  const { lastFailures } = standing.status;
  const none = standing.today === null ? NO_HISTORY : 'No job has failed.';
  return (
    <section class="card" aria-labelledby="failures">
      <h2 id="failures">Last failures</h2>
      {lastFailures.length === 0 ? (
        <p class="empty">{none}</p>
      ) : (
        <ul class="rows">
          {lastFailures.map((failure) => (
            <FailureRow key={failure.runId} failure={failure} />
          ))}
        </ul>
      )}
    </section>
  );
}

const causeOf = ({ summary, reason }: PastFailure): string => [summary, reason].filter(Boolean).join(' ');

const FailureRow = memo(
  ({ failure }: { failure: PastFailure }) => {
    const { tone, word } = resultSaid(failure.result);
    return (
      <li class="row row-failure">
        <div class="row-name">
          <a href={hrefOf({ name: 'job', id: failure.runId })}>
            <Foreign text={failure.appName ?? failure.jobId} max={60} />
          </a>
          <Status tone={tone} word={word} />
        </div>
        <div class="row-stage">
          <span>
            {failure.code !== null && <Code text={failure.code} />}{' '}
            <Foreign text={causeOf(failure)} max={500} />
          </span>
          {failure.nextStep !== null && (
            <span class="muted small">
              What to do: <Foreign text={failure.nextStep} max={400} />
            </span>
          )}
        </div>
        <div class="row-time muted small">
          <Moment atMs={failure.endedAtMs} />
        </div>
      </li>
    );
  },
  (before, now) => before.failure.runId === now.failure.runId && before.failure.result === now.failure.result,
);

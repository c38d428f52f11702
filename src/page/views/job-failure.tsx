import type { JobResult, RecordedFailure } from '../../history/record.ts';
import { Status } from '../parts/icon.tsx';
import { Code, Foreign } from '../parts/text.tsx';
import { endSaid } from '../words/failures.ts';
import { resultSaid } from '../words/jobs.ts';

interface JobFailureProps {
  readonly result: JobResult;
  readonly failure: RecordedFailure;
}

/** Why a job did not succeed, and what to do. */
export function JobFailure({ result, failure }: JobFailureProps) {
  const { tone, word } = resultSaid(result);
  const { summary, reason, nextStep, whoseTurn } = endSaid(result, failure);
  return (
    <section class={`notice tone-${tone}`} aria-label="How it ended">
      <div>
        <p>
          <Status tone={tone} word={word} /> <Code text={failure.code} />{' '}
          {summary !== null && <Foreign text={summary} max={2_000} />}
        </p>
        <p>
          <Foreign text={reason} max={2_000} />
        </p>
        {nextStep !== null && (
          <p class="next">
            <strong>What to do:</strong> <Foreign text={nextStep} max={2_000} />
          </p>
        )}
        <p class="muted small">
          {whoseTurn} More: <Code text={`perry-ship explain ${failure.code}`} />
        </p>
      </div>
    </section>
  );
}

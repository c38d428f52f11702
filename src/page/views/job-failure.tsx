import type { RecordedFailure } from '../../history/record.ts';
import { Status } from '../parts/icon.tsx';
import { Code, Foreign } from '../parts/text.tsx';

const WHO: Readonly<Record<RecordedFailure['kind'], string>> = {
  input: 'The sender of the job has to change something.',
  host: 'Something on this host has to change: that is for its operator.',
  upstream: 'Somebody else’s service did not do its part.',
  defect: 'This is a defect of perry-ship: please report it.',
};

/** Why a job failed, and what to do. */
export const JobFailure = ({ failure }: { failure: RecordedFailure }) => (
  <section class="notice tone-bad" aria-label="Failure">
    <div>
      <p>
        <Status tone="bad" word="Failed" /> <Code text={failure.code} />{' '}
        <Foreign text={failure.summary} max={2_000} />
      </p>
      <p>
        <Foreign text={failure.reason} max={2_000} />
      </p>
      <p class="next">
        <strong>What to do:</strong> <Foreign text={failure.nextStep} max={2_000} />
      </p>
      <p class="muted small">
        {WHO[failure.kind]} More: <Code text={`perry-ship explain ${failure.code}`} />
      </p>
    </div>
  </section>
);

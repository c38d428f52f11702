import type { RunView } from '../model/state.ts';
import { AskButton } from '../parts/ask.tsx';
import { plain } from '../words/format.ts';

interface CancelButtonProps {
  readonly run: RunView;
  readonly label: string;
  readonly isSmall?: boolean;
}

/** One that has concluded is only cleaned up. */
export const isRunning = ({ phase }: RunView): boolean => phase !== 'concluded';

/** Asks, and then cancels a job that still runs. */
export function CancelButton({ run, label, isSmall = false }: CancelButtonProps) {
  if (!isRunning(run)) return null;
  const name = plain(run.appName ?? run.jobId, 60);
  return (
    <AskButton
      {...{ label, isSmall }}
      name={`Cancel the job ${name}`}
      path={`jobs/${encodeURIComponent(run.jobId)}/cancel`}
      question={`Cancel “${name}”?`}
      yes="Cancel the job"
      no="Let it run"
      isGrave
    >
      <p>
        The hub is told that the job was cancelled, and its machine is destroyed. What Apple has already stays
        there.
      </p>
    </AskButton>
  );
}

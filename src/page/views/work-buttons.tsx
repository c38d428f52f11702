import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { AskButton } from '../parts/ask.tsx';
import { canDrain } from '../words/work.ts';

const workOf = ({ standing }: PageState) => standing?.status.work ?? '';

/** What may be wished of the daemon as it stands. */
export function WorkButtons() {
  const work = usePage(workOf);
  return (
    <div class="buttons">
      {(work === 'accepting' || work === 'unable') && <Pause />}
      {work === 'paused' && <Resume />}
      {canDrain(work) && <Drain />}
    </div>
  );
}

const Pause = () => (
  <AskButton label="Pause" path="pause" question="Take no jobs for a while?" yes="Pause" no="Go on">
    <p>Jobs that run go on. The hub is offered nothing until you resume, also after a restart.</p>
  </AskButton>
);

const Resume = () => (
  <AskButton label="Resume" path="resume" question="Take jobs again?" yes="Resume" no="Stay paused">
    <p>The hub is offered the slots of this worker at once.</p>
  </AskButton>
);

const Drain = () => (
  <AskButton label="Drain" path="drain" question="Drain, and end the daemon?" yes="Drain" no="Go on" isGrave>
    <p>
      No more jobs are taken. The daemon ends when those that run have finished; this cannot be taken back.
    </p>
  </AskButton>
);

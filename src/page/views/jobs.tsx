import { hrefOf } from '../model/route.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { Heading } from '../parts/heading.tsx';
import { counted } from '../words/format.ts';
import { emptySaid } from '../words/work.ts';
import { RecentFailures } from './failures.tsx';
import { RunRow } from './run-row.tsx';
import { Tiles } from './tiles.tsx';
import { WorkButtons } from './work-buttons.tsx';

const standingOf = ({ standing }: PageState) => standing;
const runsOf = ({ runs }: PageState) => runs;

/** The first screen: how the daemon stands, what runs, what failed last. */
export function JobsView() {
  const runs = usePage(runsOf);
  const busy = runs.filter(({ phase }) => phase === 'working').length;
  return (
    <>
      <div class="headed">
        <Heading title={runs.length === 0 ? 'No jobs' : counted(runs.length, 'job')}>Overview</Heading>
        <WorkButtons />
      </div>
      <Tiles />
      <section class="card" aria-labelledby="running">
        <h2 id="running">
          Jobs here <span class="muted">{summary(runs.length, busy)}</span>
        </h2>
        {runs.length === 0 ? (
          <Empty />
        ) : (
          <ul class="rows">
            {runs.map((run) => (
              <RunRow key={run.runId} run={run} />
            ))}
          </ul>
        )}
      </section>
      <RecentFailures />
      <p>
        <a href={hrefOf({ name: 'history' })}>All jobs that have ended</a>
      </p>
    </>
  );
}

function Empty() {
  const standing = usePage(standingOf);
  return <p class="empty">{standing ? emptySaid(standing.status) : 'Asking the daemon…'}</p>;
}

const summary = (all: number, busy: number): string => (all === 0 ? '' : `${busy} of ${all} at work`);

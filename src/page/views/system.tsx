import { useMemo } from 'preact/hooks';
import type { ChartActor } from '../../live/messages.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { Heading } from '../parts/heading.tsx';
import { Foreign } from '../parts/text.tsx';
import { counted } from '../words/format.ts';
import { ActorChart } from './actor-chart.tsx';
import { EventList } from './event-list.tsx';
import { Inspector } from './inspector.tsx';

const actorsOf = ({ actors }: PageState) => actors;
const eventsOf = ({ events }: PageState) => events;
const leftOutOf = ({ eventsLeftOut }: PageState) => eventsLeftOut;
const standingOf = ({ standing }: PageState) => standing;
const machinesOf = ({ machines }: PageState) => machines;

/** The actors that make the daemon, live; jobs have pages of their own. */
export function SystemView() {
  const actors = usePage(actorsOf);
  const shown = useMemo(() => systemOf(actors), [actors]);
  return (
    <>
      <Heading title="System">System</Heading>
      <About />
      <section class="card" aria-labelledby="actors">
        <h2 id="actors">Statecharts</h2>
        {shown.map((actor) => (
          <ActorChart key={actor.id} actor={actor} />
        ))}
      </section>
      <Events />
      <Inspector />
    </>
  );
}

function About() {
  const standing = usePage(standingOf);
  const machines = usePage(machinesOf);
  if (!standing) return null;
  const { status } = standing;
  return (
    <section class="card" aria-label="The daemon">
      <dl class="facts">
        <div>
          <dt>Worker</dt>
          <dd>
            <Foreign text={status.worker} />
          </dd>
        </div>
        <div>
          <dt>Hub</dt>
          <dd>
            <Foreign text={status.hub} />
          </dd>
        </div>
        <div>
          <dt>Machines</dt>
          <dd>
            <Foreign text={machines} />
          </dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd>{status.version}</dd>
        </div>
        <div>
          <dt>Process</dt>
          <dd class="number">{status.pid}</dd>
        </div>
      </dl>
    </section>
  );
}

function Events() {
  const events = usePage(eventsOf);
  const leftOut = usePage(leftOutOf);
  return (
    <section class="card" aria-labelledby="events">
      <h2 id="events">Events</h2>
      {leftOut > 0 && <p class="muted small">{counted(leftOut, 'event')} came too fast to be shown.</p>}
      {events.length === 0 ? (
        <p class="empty">Nothing has happened since the page was opened.</p>
      ) : (
        <EventList namesJobs events={events} />
      )}
    </section>
  );
}

/** Without the jobs, and what works for them. */
function systemOf(actors: ReadonlyMap<string, ChartActor>): readonly ChartActor[] {
  const isOfJob = (actor: ChartActor | undefined): boolean =>
    actor !== undefined &&
    (actor.chart === 'signJob' || (actor.parent !== null && isOfJob(actors.get(actor.parent))));
  return [...actors.values()].filter((actor) => !isOfJob(actor));
}

import { connectNow } from '../model/connection.ts';
import { hrefOf, type View } from '../model/route.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { Status } from '../parts/icon.tsx';
import { Foreign } from '../parts/text.tsx';
import { Moment, Until } from '../parts/time.tsx';

const workerOf = ({ standing }: PageState) => standing?.status.worker ?? '';
const versionOf = ({ standing }: PageState) => standing?.status.version ?? '';
const linkOf = ({ link }: PageState) => link;

const VIEWS = [
  ['jobs', 'Jobs'],
  ['history', 'History'],
  ['system', 'System'],
] as const;

/** The name of the daemon, the views, and whether what they show is live. */
export function Banner({ view }: { view: View }) {
  const worker = usePage(workerOf);
  const version = usePage(versionOf);
  return (
    <header class="banner">
      <div class="brand">
        <strong>perry-ship</strong>
        <span class="muted number">{version}</span>
        {worker !== '' && (
          <span class="muted">
            <Foreign text={worker} max={60} />
          </span>
        )}
      </div>
      <nav aria-label="Views">
        {VIEWS.map(([name, label]) => (
          <a key={name} href={hrefOf({ name })} aria-current={isAt(view, name) ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <LinkState />
    </header>
  );
}

const isAt = (view: View, name: string): boolean => view.name === name;

function LinkState() {
  const link = usePage(linkOf);
  if (link.phase === 'live') return <Status tone="good" word="Live" />;
  if (link.phase === 'connecting') return <Status tone="busy" word="Connecting" />;
  return <Status tone="bad" word="Not connected" />;
}

/** Above everything while what is shown is old. */
export function StaleNotice() {
  const link = usePage(linkOf);
  if (link.phase !== 'lost') return null;
  return (
    <section class="notice tone-bad" aria-label="Connection">
      <p>
        {link.isFull ? <NoRoom /> : <NoAnswer sinceMs={link.sinceMs} />} Next try in{' '}
        <Until atMs={link.nextTryAtMs} />.
      </p>
      <button type="button" class="button" onClick={connectNow}>
        Try now
      </button>
    </section>
  );
}

const NoAnswer = ({ sinceMs }: { sinceMs: number }) => (
  <>
    <Status tone="bad" word="The daemon does not answer." /> What you see is from <Moment atMs={sinceMs} />{' '}
    and may have changed.
  </>
);

const NoRoom = () => (
  <>
    <Status tone="bad" word="The daemon has as many viewers as it may have." /> What you see may be old. Close
    this page where nobody needs it; <code>perry-ship status</code> says the same in the terminal.
  </>
);

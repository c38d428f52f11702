import { useEffect, useRef } from 'preact/hooks';
import { keyOf, useView, type View } from './model/route.ts';
import type { PageState } from './model/state.ts';
import { usePage } from './model/store.ts';
import { Announcer } from './parts/announcer.tsx';
import { Alerts } from './views/alerts.tsx';
import { Banner } from './views/banner.tsx';
import { HistoryView } from './views/history.tsx';
import { JobView } from './views/job.tsx';
import { JobsView } from './views/jobs.tsx';
import { SystemView } from './views/system.tsx';

const isLostIn = ({ link }: PageState) => link.phase === 'lost';

export function App() {
  const view = useView();
  const isLost = usePage(isLostIn);
  const main = useRef<HTMLElement>(null);
  useFocusOn(main, keyOf(view));
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Banner view={view} />
      <main ref={main} id="main" tabIndex={-1}>
        <Alerts />
        <div class={isLost ? 'view stale' : 'view'}>
          <Shown view={view} key={keyOf(view)} />
        </div>
      </main>
      <Announcer />
    </>
  );
}

function Shown({ view }: { view: View }) {
  if (view.name === 'job') return <JobView id={view.id} />;
  if (view.name === 'history') return <HistoryView />;
  return view.name === 'system' ? <SystemView /> : <JobsView />;
}

/** Who follows a link with the keyboard or hears the page stands at the heading of what has come. */
function useFocusOn(main: { readonly current: HTMLElement | null }, key: string): void {
  const first = useRef(key);
  useEffect(() => {
    if (first.current === key) return;
    first.current = '';
    scrollTo(0, 0);
    main.current?.querySelector<HTMLElement>('h1')?.focus();
  }, [key, main]);
}

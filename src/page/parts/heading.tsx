import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';
import { alertsOf } from '../words/alerts.ts';

interface HeadingProps {
  /** In the title of the window. */
  readonly title: string;
  readonly children: ComponentChildren;
}

/** Somebody who has the page in a tab in the background sees it there. */
const isBadIn = ({ link, standing, standingAtMs }: PageState): boolean =>
  link.phase === 'lost' ||
  (standing !== null && alertsOf(standing, standingAtMs).some(({ tone }) => tone === 'bad'));

/** Of a view: it names the window, and takes the focus when the view comes. */
export function Heading({ title, children }: HeadingProps) {
  const isBad = usePage(isBadIn);
  useEffect(() => {
    document.title = `${isBad ? '(!) ' : ''}${title} · perry-ship`;
  }, [title, isBad]);
  return (
    <h1 class="heading" tabIndex={-1}>
      {children}
    </h1>
  );
}

import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

interface HeadingProps {
  /** In the title of the window. */
  readonly title: string;
  readonly children: ComponentChildren;
}

/** Of a view: it names the window, and takes the focus when the view comes. */
export function Heading({ title, children }: HeadingProps) {
  useEffect(() => {
    document.title = `${title} · perry-ship`;
  }, [title]);
  return (
    <h1 class="heading" tabIndex={-1}>
      {children}
    </h1>
  );
}

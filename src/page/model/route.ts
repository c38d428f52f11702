import { useEffect, useState } from 'preact/hooks';

/** What the page shows, by what stands behind the `#` of its address. */
export type View =
  | { readonly name: 'jobs' }
  | { readonly name: 'history' }
  | { readonly name: 'system' }
  /** Of a run, or of a job: then its newest run. */
  | { readonly name: 'job'; readonly id: string };

export function viewOf(hash: string): View {
  const [, name = '', id = ''] = hash.split('/');
  if (name === 'history' || name === 'system') return { name };
  if (name === 'job' && id !== '') return { name, id: decoded(id) };
  return { name: 'jobs' };
}

export const hrefOf = (view: View): string =>
  view.name === 'job' ? `#/job/${encodeURIComponent(view.id)}` : `#/${view.name}`;

export const keyOf = (view: View): string => hrefOf(view);

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function useView(): View {
  const [view, setView] = useState(viewOf(location.hash));
  useEffect(() => {
    const look = () => setView(viewOf(location.hash));
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, []);
  return view;
}

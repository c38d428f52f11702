import { useEffect, useRef, useState } from 'preact/hooks';
import type { JobLog, JobRecord } from '../../history/record.ts';
import { type Asked, afterAsking } from './asked.ts';
import type { PageState } from './state.ts';
import { usePage } from './store.ts';

export interface JobList {
  readonly jobs: readonly JobRecord[];
}

export interface JobAnswer {
  readonly record: JobRecord;
  readonly log: JobLog;
}

async function get<Answer>(path: string, signal: AbortSignal): Promise<Asked<Answer>> {
  const answer = await fetch(path, { signal });
  if (answer.status === 404) return { phase: 'missing' };
  if (!answer.ok) return { phase: 'failed' };
  return { phase: 'here', answer: (await answer.json()) as Answer, isOld: false };
}

/** Asks, and asks again when `moment` is another one. */
function useAsked<Answer>(path: string, moment: string): Asked<Answer> {
  const [known, setKnown] = useState<Known<Answer>>({ path, asked: { phase: 'asking' } });
  useEffect(() => {
    const leaving = new AbortController();
    get<Answer>(path, leaving.signal)
      .catch((): Asked<Answer> => ({ phase: 'failed' }))
      .then((said) => {
        if (!leaving.signal.aborted) setKnown((before) => knownAfter(before, { path, asked: said }));
      });
    return () => leaving.abort();
  }, [path, moment]);
  return known.asked;
}

interface Known<Answer> {
  readonly path: string;
  readonly asked: Asked<Answer>;
}

const knownAfter = <Answer>(before: Known<Answer>, now: Known<Answer>): Known<Answer> =>
  before.path === now.path ? { ...now, asked: afterAsking(before.asked, now.asked) } : now;

const runsOf = ({ runs }: PageState) => runs;
const linkOf = ({ link }: PageState) => link.phase;

/** Many jobs may end in a second; the history is asked for this often at most. */
const PAUSE_MS = 2_000;

/** Another one when jobs have come or gone. */
function useComings(): string {
  const ids = usePage(runsOf)
    .map(({ runId, phase }) => `${runId} ${phase === 'concluded'}`)
    .join();
  return useSettled(`${usePage(linkOf)} ${ids}`);
}

/** The newest value, once in a while. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  const newest = useRef(value);
  newest.current = value;
  const isSettled = settled === value;
  useEffect(() => {
    if (isSettled) return;
    const timer = setTimeout(() => setSettled(newest.current), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [isSettled]);
  return settled;
}

export const useJobs = (query: string): Asked<JobList> =>
  useAsked<JobList>(`/api/jobs?${query}`, useComings());

/** @param moment - the page asks again when it is another one, and when the daemon is there again */
export const useJob = (id: string, moment: string): Asked<JobAnswer> =>
  useAsked<JobAnswer>(`/api/jobs/${encodeURIComponent(id)}`, useSettled(`${usePage(linkOf)} ${moment}`));

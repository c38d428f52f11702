import { useEffect, useMemo } from 'preact/hooks';
import type { JobLog } from '../../history/record.ts';
import type { LogLine } from '../../live/messages.ts';
import { lookAtLog } from '../model/connection.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';

const logOf = ({ log }: PageState) => log;

interface Growth {
  /** Oldest first. */
  readonly lines: readonly LogLine[];
  /** Lines that came too fast to be told. */
  readonly leftOut: number;
}

/** What has been added to a log since it was asked for; the daemon tells it as long as somebody looks. */
export function useGrowingLog(log: JobLog, runId: string, isLive: boolean): Growth {
  useEffect(() => {
    if (!isLive) return;
    lookAtLog(runId);
    return () => lookAtLog(undefined);
  }, [runId, isLive]);
  const grown = usePage(logOf);
  return useMemo(() => {
    const known = log.first.length + log.leftOut + log.last.length;
    const lines = grown?.runId === runId ? grown.lines.filter(({ number }) => number > known) : [];
    return { lines, leftOut: Math.max(0, (lines.at(-1)?.number ?? known) - known - lines.length) };
  }, [grown, log, runId]);
}

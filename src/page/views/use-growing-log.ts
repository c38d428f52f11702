import { useEffect, useMemo } from 'preact/hooks';
import type { JobLog } from '../../history/record.ts';
import type { LogLine } from '../../live/messages.ts';
import { lookAtLog } from '../model/connection.ts';
import type { PageState } from '../model/state.ts';
import { usePage } from '../model/store.ts';

const logOf = ({ log }: PageState) => log;

/** What has been added to a log since it was asked for; the daemon tells it as long as somebody looks. */
export function useGrowingLog(log: JobLog, runId: string, isLive: boolean): readonly LogLine[] {
  useEffect(() => {
    if (!isLive) return;
    lookAtLog(runId);
    return () => lookAtLog(undefined);
  }, [runId, isLive]);
  const grown = usePage(logOf);
  return useMemo(() => {
    const known = log.first.length + log.leftOut + log.last.length;
    return grown?.runId === runId ? grown.lines.filter(({ number }) => number > known) : [];
  }, [grown, log, runId]);
}

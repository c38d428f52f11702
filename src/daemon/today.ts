import type { History } from '../history/record.ts';
import type { DayCounts } from '../live/messages.ts';

/** How the jobs ended that ended today, by the clock of this host, as far as the history goes back. */
export function endedToday(history: History, now = new Date()): DayCounts {
  const midnightMs = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const counts: Record<string, number> = {};
  for (const { result } of history.list({ sinceMs: midnightMs, endedOnly: true }))
    counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}

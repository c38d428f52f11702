import { readFileSync } from 'node:fs';

const PERIOD_MS = 5;

/** How long the event loop of this process did nothing for anybody. */
export interface EventLoopGaps {
  readonly longestMs: number;
  /** The longest without the time in which other processes had the processors. */
  readonly longestOwnMs: number;
}

/** From now on, until the returned function is called. */
export function watchEventLoop(): () => EventLoopGaps {
  const longest = { longestMs: 0, longestOwnMs: 0 };
  let last = look();
  const timer = setInterval(() => {
    const now = look();
    const gapMs = now.atMs - last.atMs - PERIOD_MS;
    longest.longestMs = Math.max(longest.longestMs, gapMs);
    longest.longestOwnMs = Math.max(longest.longestOwnMs, gapMs - (now.waitedMs - last.waitedMs));
    last = now;
  }, PERIOD_MS);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

const look = () => ({ atMs: performance.now(), waitedMs: waitedForProcessorMs() });

/** Of the main thread (Linux, proc(5)): time on the processor, time waiting for one, both in nanoseconds. */
function waitedForProcessorMs(): number {
  if (process.platform !== 'linux') return 0;
  return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6;
}

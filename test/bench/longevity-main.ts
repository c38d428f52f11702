/**
 * The real daemon in a process of its own, with ports that answer at once, for many jobs:
 * `node --expose-gc longevity-main.ts HUB_URL STATE_DIR`, told by its parent when to look at itself.
 */
import { readdir } from 'node:fs/promises';
import { actorsBelow, startInstantDaemon } from '../helpers/instant-daemon.ts';
import { HUB_SECRET } from './hub-messages.ts';

/** What a daemon holds at rest. */
export interface Holdings {
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly openFiles: number;
  readonly timers: number;
  readonly actors: number;
  readonly children: number;
}

const [hubUrl = '', stateDir = ''] = process.argv.slice(2);
const { daemon } = await startInstantDaemon({ hubUrl, hubSecret: HUB_SECRET, stateDir });
const { supervisor } = daemon;

async function untilAtRest(): Promise<void> {
  const isAtRest = () => {
    const { runs, standbys } = supervisor.getSnapshot().context;
    return runs.length === 0 && standbys === 2;
  };
  while (!isAtRest()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function holdings(): Promise<Holdings> {
  await untilAtRest();
  for (let round = 0; round < 4; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  const { rss, heapUsed } = process.memoryUsage();
  return {
    residentBytes: rss,
    heapBytes: heapUsed,
    openFiles: (await readdir('/proc/self/fd').catch(() => [])).length,
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    actors: actorsBelow(supervisor).length,
    children: Object.keys(supervisor.getSnapshot().children).length,
  };
}

process.on('message', async () => process.send?.(await holdings()));
process.once('disconnect', () => {
  supervisor.send({ type: 'drain.requested' });
  void daemon.finished.then(() => process.exit(0));
});

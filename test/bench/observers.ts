import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { freePort } from '../helpers/free-port.ts';
import { AskedProcess } from './asked-process.ts';
import { judged } from './goals.ts';
import { HUB_SECRET } from './hub-messages.ts';
import { makeKit } from './jobs.ts';
import type { ObserversQuestion } from './observers-main.ts';
import { median, table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

interface Load {
  readonly atOnce: number;
  /** Each of so many jobs, without and with. */
  readonly rounds: number;
}

/** As short as a small job that is not notarized: what is watched happens as often as it can in practice. */
const HOLD_MS = 30_000;
/** Jobs one after the other in each slot. */
const TURNS = 2;
const SCRAPE_MS = 1_000;
const MOST_SHARE = 0.03;

const INTRODUCTION =
  '(j) what those who watch cost the daemon: its CPU while they do, against that with page and metrics off';
const NOTE =
  'jobs take 30 s and do nothing, so that the statecharts, the link and those who watch them are all that works; share: of one processor, while the jobs run';

interface Watchers {
  readonly name: string;
  readonly page: boolean;
  readonly metrics: boolean;
  /** Paths of WebSockets that are watched. */
  readonly feeds: readonly string[];
  /** A debugger that nobody leaves open: what it costs is told, and has no goal. */
  readonly isPassing?: boolean;
}

const WATCHERS: readonly Watchers[] = [
  { name: 'metrics, asked for each second', page: false, metrics: true, feeds: [] },
  { name: 'and the page, which nobody watches', page: true, metrics: true, feeds: [] },
  { name: 'and somebody watches it', page: true, metrics: true, feeds: ['/live'] },
  {
    name: 'and the Stately inspector as well',
    page: true,
    metrics: true,
    feeds: ['/live', '/'],
    isPassing: true,
  },
];
const NOBODY: Watchers = { name: 'off', page: false, metrics: false, feeds: [] };

/** The quiet cost of being watched. */
export async function benchObservers(room: BenchRoom, { atOnce, rounds }: Load): Promise<void> {
  const shares = new Map<Watchers, number[]>([NOBODY, ...WATCHERS].map((each) => [each, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [watchers, seen] of shares) seen.push(await measure(room, atOnce, watchers, round));
  const without = median(shares.get(NOBODY) ?? []);
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const rows = WATCHERS.map((watchers) => {
    const watched = median(shares.get(watchers) ?? []);
    const cost = watched - without;
    return [
      ...[watchers.name, String(atOnce), percent(without), percent(watched)],
      ...[(watched / without).toFixed(2), percent(cost)],
      ...(watchers.isPassing ? ['', ''] : ['< 3 %', judged(cost < MOST_SHARE)]),
    ];
  });
  const head = ['', 'jobs at once', 'off', 'on', 'ratio', 'cost', 'goal', ''];
  room.print(`${INTRODUCTION}\n\n${table([head, ...rows])}\n\n${NOTE}`);
}

/** @returns the share of one processor that the daemon takes */
async function measure(room: BenchRoom, atOnce: number, watchers: Watchers, round: number): Promise<number> {
  const port = await freePort();
  const daemon = await AskedProcess.start<object, ObserversQuestion>('observers-main.ts');
  const { page, metrics, feeds } = watchers;
  const watched = { ...(page && { PERRY_INSPECT: port }), ...(metrics && { PERRY_METRICS: port }) };
  await daemon.ask({
    ...{ ask: 'start', hubUrl: room.hub.addresses.webSocketUrl, hubSecret: HUB_SECRET, holdMs: HOLD_MS },
    stateDir: join(room.folder, `observers-${WATCHERS.indexOf(watchers)}-${round}`),
    env: { PERRY_MAX_CONCURRENT_BUILDS: String(atOnce), PERRY_VM_STANDBY: '0', ...watched },
  });
  await room.hub.untilWorker();
  const leave = watch(port, feeds, metrics);
  const job = await jobIn(room);
  const before = (await daemon.ask({ ask: 'cpuMs' })) as number;
  const startedAt = performance.now();
  for (let turn = 0; turn < TURNS; turn += 1) await Promise.all(Array.from({ length: atOnce }, job));
  const elapsedMs = performance.now() - startedAt;
  const cpuMs = ((await daemon.ask({ ask: 'cpuMs' })) as number) - before;
  leave();
  await daemon.ask({ ask: 'end' });
  await daemon.stop();
  return cpuMs / elapsedMs;
}

async function jobIn(room: BenchRoom): Promise<() => Promise<unknown>> {
  const bundle = join(room.folder, 'observers-bundle');
  await writeFile(bundle, 'never unpacked');
  const { manifest, credentials } = await makeKit('macos', join(room.folder, 'kit-observers'));
  return () => room.hub.runJob({ manifest, credentials, bundle });
}

/** Viewers, who see all that the page sees, and Prometheus. @returns ends it */
function watch(port: string, feeds: readonly string[], isScraped: boolean): () => void {
  const viewers = feeds.map((path) => new WebSocket(`ws://127.0.0.1:${port}${path}`));
  for (const viewer of viewers) viewer.on('message', () => {}).on('error', () => {});
  const scrape = () => fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text());
  const scraping = isScraped ? setInterval(() => void scrape(), SCRAPE_MS) : undefined;
  return () => {
    clearInterval(scraping);
    for (const viewer of viewers) viewer.terminate();
  };
}

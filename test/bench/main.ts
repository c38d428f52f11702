/**
 * `npm run bench`: how fast the daemon is, as ratios within one run; nothing is asserted.
 *
 *     npm run bench -- [--quick] [--breakdown] [--before FOLDER]
 *         [--only wall,files,two,memory,throughput,longevity,pool,start,flood,icons,remade,observers,account,vm]
 *
 * FOLDER is a built checkout of another version: each job, and each flood, is then also given to its daemon, in turn with ours.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { locateRcodesign } from '../../src/adapters/rcodesign/locate.ts';
import { benchAccount } from './account.ts';
import { benchBreakdown } from './breakdown.ts';
import { benchCluster } from './cluster.ts';
import { benchFloods } from './flood.ts';
import { HubProcess } from './hub-process.ts';
import { benchIcons } from './icons.ts';
import { benchLongevity } from './longevity.ts';
import { benchMemory } from './memory.ts';
import { benchObservers } from './observers.ts';
import { benchPool } from './pool.ts';
import { benchRemadeImage } from './remade-image.ts';
import { benchStart } from './start.ts';
import { benchThroughput } from './throughput.ts';
import { benchVm } from './vm.ts';
import { type BenchRoom, benchWallTime, type WallCase } from './wall-time.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    breakdown: { type: 'boolean', default: false },
    only: { type: 'string' },
    before: { type: 'string' },
  },
});

const kinds = ['macos', 'ios'] as const;
const sizes = flags.quick
  ? [
      [1, 3],
      [20, 2],
    ]
  : [
      [1, 7],
      [50, 3],
      [300, 3],
    ];
const wallCases: WallCase[] = kinds.flatMap((kind) =>
  sizes.map(([megabytes = 1, runs = 1]) => ({ kind, megabytes, runs, standby: 0 as const })),
);
const smallFileCases: WallCase[] = kinds.map((kind) => ({
  kind,
  megabytes: 0,
  smallFiles: flags.quick ? 5_000 : 30_000,
  runs: flags.quick ? 1 : 3,
  standby: 0,
}));
const twoCases: WallCase[] = kinds.map((kind) => ({
  kind,
  megabytes: flags.quick ? 50 : 300,
  runs: flags.quick ? 1 : 3,
  standby: 0,
  atOnce: 2,
}));
const standbyCases: WallCase[] = kinds.map((kind) => ({ kind, megabytes: 1, runs: 5, standby: 1 }));
const remadeCases = [
  { name: '40 MB of text', megabytes: 1, texts: 400 },
  { name: '200 MB that cannot be compressed', megabytes: 200, texts: 1 },
];
const memoryCases = kinds.map((kind) => ({ kind, megabytes: flags.quick ? 50 : 300 }));
const parts =
  flags.only?.split(',') ??
  (flags.breakdown
    ? ['breakdown']
    : [
        'wall',
        'files',
        'two',
        'memory',
        'throughput',
        'longevity',
        'pool',
        'start',
        'flood',
        'icons',
        'remade',
        'observers',
        'account',
        'vm',
      ]);

const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function run(room: BenchRoom): Promise<void> {
  if (parts.includes('wall')) await benchWallTime(room, [...wallCases, ...standbyCases]);
  if (parts.includes('files')) await benchWallTime(room, smallFileCases);
  if (parts.includes('two')) await benchWallTime(room, twoCases);
  if (parts.includes('memory')) await benchMemory(room, memoryCases);
  if (parts.includes('throughput')) await benchThroughput(room, flags.quick ? 500 : 2_000);
  if (parts.includes('longevity')) await benchLongevity(room, flags.quick ? 3_000 : 10_000);
  if (parts.includes('pool'))
    await benchPool(room, flags.quick ? { cold: 1, warm: 3 } : { cold: 2, warm: 10 });
  if (parts.includes('start')) await benchStart(room, flags.quick ? 3 : 9);
  if (parts.includes('flood')) await benchFloods(room, flags.quick);
  if (parts.includes('icons')) await benchIcons(room, flags.quick ? 3 : 9);
  if (parts.includes('remade')) await benchRemadeImage(room, remadeCases, flags.quick ? 3 : 7);
  if (parts.includes('observers')) await benchObservers(room, { atOnce: 64, rounds: flags.quick ? 1 : 3 });
  if (parts.includes('account'))
    await benchAccount(room, flags.quick ? [2_000, 20_000] : [2_000, 20_000, 100_000]);
  if (parts.includes('vm'))
    await benchVm(room, flags.quick ? { boots: 3, warm: 5, cold: 1 } : { boots: 7, warm: 20, cold: 3 });
  if (parts.includes('cluster'))
    await benchCluster(
      room,
      flags.quick
        ? { jobs: 200, atOnce: 8, rounds: 2, listed: 1_000 }
        : { jobs: 200, atOnce: 64, rounds: 3, listed: 1_000 },
    );
  if (parts.includes('breakdown')) await benchBreakdown(room, [...wallCases, ...smallFileCases]);
  if (parts.includes('breakdown-files')) await benchBreakdown(room, smallFileCases);
}

const folder = await mkdtemp(join(tmpdir(), 'perry-bench-'));
const startedAt = performance.now();
try {
  const signal = new AbortController().signal;
  const { path: rcodesign } = await locateRcodesign({ env: process.env, signal, onProgress: print });
  const hub = await HubProcess.start();
  const before = flags.before === undefined ? undefined : resolve(flags.before);
  await run({ folder, hub, rcodesign, before, print: (text) => print(`\n${text}`) });
  await hub.stop();
  print(`\ndone in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

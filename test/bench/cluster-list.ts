import { orchardApi } from '../../src/adapters/vm/orchard/api.ts';
import { orchardMachines } from '../../src/adapters/vm/orchard/machines.ts';
import { readRoom } from '../../src/adapters/vm/orchard/room.ts';
import { orchardOptions } from '../orchard-emulator/driver.ts';
import { type OrchardHost, orchardHost } from '../orchard-emulator/host.ts';
import { judged } from './goals.ts';
import { median, seconds, table } from './statistics.ts';
import type { BenchRoom } from './wall-time.ts';

const LOOKS = 7;
const GOAL_MS = 1_000;
const nobody = { isOurs: () => false, onSeen: () => {} };

/** What it takes to know of a large cluster how much room there is, and how far the machines are. */
export async function benchClusterList({ print }: BenchRoom, listed: number): Promise<void> {
  const workers = Array.from({ length: listed }, (_, n) => ({ name: `mac-${n}` }));
  const host = await orchardHost({ workers });
  const names = fill(host, listed);
  const options = orchardOptions(host);
  const api = orchardApi(options);
  const machines = orchardMachines(api, options);
  const signal = () => new AbortController().signal;
  const room = await timed(() => readRoom(api, machines, options, nobody, signal()));
  const looks = await timed(() => Promise.all(names.map((name) => machines.look(name, null, signal()))));
  host.cluster.vms.clear();
  await host.remove();
  const row = (what: string, times: readonly number[]) => [
    what,
    seconds(times[0] ?? Number.NaN),
    seconds(median(times.slice(1))),
    seconds(Math.max(...times.slice(1))),
    '< 1 s',
    judged(Math.max(...times) < GOAL_MS),
  ];
  print(
    [
      `(i) ${listed} workers and as many machines over HTTPS, with the work of the emulated controller in the same process`,
      table([
        ['', 'first', 'median', 'most', 'goal', ''],
        row('how much room there is: both lists', room),
        row('how far all machines are: one look each', looks),
      ]),
      'the first one loads the HTTP client and opens the connection',
    ].join('\n\n'),
  );
}

/** Machines of somebody, as records alone: no worker makes them. */
function fill({ cluster }: OrchardHost, count: number): string[] {
  const names = Array.from({ length: count }, (_, n) => `machine-${n}`);
  const [first = '', ...others] = names;
  const vm = cluster.create({ name: first, image: 'golden', headless: true });
  for (const [index, name] of others.entries())
    cluster.vms.set(name, { ...vm, name, uid: `${vm.uid}-${index}`, worker: `mac-${index}` });
  return names;
}

async function timed(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let look = 0; look < LOOKS; look += 1) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return times;
}

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClusterLook } from '../../src/actors/cluster-look.ts';
import { orchardApi } from '../../src/adapters/vm/orchard/api.ts';
import { type OrchardMachines, orchardMachines } from '../../src/adapters/vm/orchard/machines.ts';
import { machinesAmong, readRows } from '../../src/adapters/vm/orchard/occupancy.ts';
import { freshName } from '../helpers/local-vm.ts';
import { orchardOptions } from '../orchard-emulator/driver.ts';
import { type OrchardHost, orchardHost } from '../orchard-emulator/host.ts';

/** Machines that no worker takes: nothing of them exists but their records. */
let host: OrchardHost;
let machines: OrchardMachines;
beforeEach(async () => {
  host = await orchardHost({ workers: [] });
  const options = orchardOptions(host, { share: createClusterLook({ lookPause: 0 }) });
  machines = orchardMachines(orchardApi(options), options);
});
afterEach(() => host.remove());

const make = async () => {
  const name = freshName();
  return { name, uid: await machines.create('golden', name, {}, new AbortController().signal) };
};
type Made = Awaited<ReturnType<typeof make>>;
const look = ({ name, uid }: Made) => machines.look(name, uid, new AbortController().signal);
const questions = (since = 0) =>
  host.cluster.calls
    .slice(since)
    .filter(({ method }) => method === 'GET')
    .map(({ path }) => path);

test('machines that are looked at together are asked for together, over one connection', async () => {
  const made = await Promise.all(Array.from({ length: 40 }, make));
  const { connections } = host.cluster;
  for (let round = 0; round < 5; round += 1) {
    const views = await Promise.all(made.map(look));
    expect(views.map(({ stage }) => stage)).toEqual(made.map(() => 'queued'));
  }
  expect(new Set(questions())).toEqual(new Set(['/vms']));
  // the first of a round is asked for at once, and the others together
  expect(questions().length).toBeLessThanOrEqual(10);
  expect(host.cluster.connections - connections).toBe(1);
});

test('one that is not in the list is asked for alone before it counts as gone', async () => {
  const [kept, gone] = [await make(), await make()];
  host.cluster.remove(gone.name);
  const since = host.cluster.calls.length;
  expect(await Promise.all([kept, gone].map(async (each) => (await look(each)).stage))).toEqual([
    'queued',
    'gone',
  ]);
  expect(questions(since).filter((path) => path !== '/vms')).toEqual([`/vms/${gone.name}`]);
});

test('one under its name with another identity is not it', async () => {
  const made = await make();
  host.cluster.remove(made.name);
  host.cluster.create({ name: made.name, image: 'golden', headless: true });
  expect((await look(made)).stage).toBe('gone');
});

test('what others have in the cluster may look like anything', async () => {
  const made = await make();
  for (const odd of [{ name: 'odd', status: 7 }, { name: 'older' }, { uid: 'nameless' }, null])
    host.cluster.vms.set(JSON.stringify(odd), odd as never);
  expect((await look(made)).stage).toBe('queued');
  const known = machinesAmong(await readRows(orchardApi(orchardOptions(host)), new AbortController().signal));
  expect(known.map(({ name }) => name)).toEqual([made.name, 'older']);
});

test('a controller that fails once is told to all who waited, and to nobody after them', async () => {
  const made = await Promise.all([make(), make(), make()]);
  host.knobs.fault = () => ({ status: 503 });
  const ends = await Promise.allSettled(made.map(look));
  expect(ends.map((end) => end.status === 'rejected' && end.reason.code)).toEqual(
    made.map(() => 'CLUSTER_UNREACHABLE'),
  );
  host.knobs.fault = undefined;
  expect((await Promise.all(made.map(look))).length).toBe(3);
});

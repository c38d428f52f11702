import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Obstacle } from '../../machines/contracts/obstacle.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ShipError } from '../../src/errors.ts';
import { disksOf } from '../../src/obstacles/disks.ts';
import { findObstacles, type Searched } from '../../src/obstacles/find-obstacles.ts';
import { unwritableIn } from '../../src/obstacles/state-folder.ts';

const { signal } = new AbortController();
const disk = (freeBytes: number | undefined) => [
  { folder: '/state', freeBytes, wantedBytes: 5e9, neededBytes: 1e9 },
];
const well: Searched = {
  unwritable: async () => undefined,
  signatures: { goOn: async () => null },
  driver: {},
  disks: async () => disk(50e9),
};
const known = (about: Obstacle['about']): Obstacle => ({ about, summary: 's', reason: 'r', nextStep: 'n' });
const refusal = (code: 'CLUSTER_REFUSED' | 'CLUSTER_UNREACHABLE') => ({
  checkAccount: async () => {
    throw new ShipError(code, { summary: 'Refused.', reason: 'With 401.', nextStep: 'Give it roles.' });
  },
});
const aboutOf = async (more: Partial<Searched>, before: readonly Obstacle[] = []) =>
  (await findObstacles({ ...well, ...more }, before, signal)).map(({ about }) => about);

test('nothing stands in the way on a host that is well, whatever did before', async () => {
  expect(await aboutOf({})).toEqual([]);
  expect(await aboutOf({}, [known('state'), known('signatures'), known('disk'), known('cluster')])).toEqual(
    [],
  );
});

test.each([
  [
    { unwritable: async () => ({ path: '/state/runs', code: 'EROFS' }) },
    'state',
    /EROFS of "\/state\/runs"\.$/,
  ],
  [
    { signatures: { goOn: async () => 'the system said ENOSPC' } },
    'signatures',
    /signatures\.jsonl.*ENOSPC\.$/,
  ],
  [
    { disks: async () => disk(0.99e9) },
    'disk',
    /^The disk of "\/state" has 0\.99 GB free, and 1\.00 GB are needed\.$/,
  ],
  [{ driver: refusal('CLUSTER_REFUSED') }, 'cluster', /^With 401\.$/],
] satisfies [Partial<Searched>, string, RegExp][])(
  'what stands in the way is said in sentences: %#',
  async (more, about, reason) => {
    const [found, ...others] = await findObstacles({ ...well, ...more }, [], signal);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ about, reason: expect.stringMatching(reason) });
    for (const sentence of [found?.summary, found?.nextStep]) expect(sentence).toMatch(/^[A-Z].*\.$/);
  },
);

test('a disk that was full must have some more than it needs', async () => {
  expect(await aboutOf({ disks: async () => disk(1.1e9) })).toEqual([]);
  expect(await aboutOf({ disks: async () => disk(1.1e9) }, [known('disk')])).toEqual(['disk']);
  expect(await aboutOf({ disks: async () => disk(1.2e9) }, [known('disk')])).toEqual([]);
  expect(await aboutOf({ disks: async () => disk(undefined) })).toEqual([]);
});

test('a controller that does not answer has neither refused us nor let us in', async () => {
  const driver = refusal('CLUSTER_UNREACHABLE');
  expect(await aboutOf({ driver })).toEqual([]);
  expect(await aboutOf({ driver }, [known('cluster')])).toEqual(['cluster']);
});

test('a disk that hangs is told once, counts as it was last, and hides nothing about the others', async () => {
  const { config } = loadConfig({ PERRY_VM_DRIVER: 'tart', TART_HOME: '/t', PERRY_STATE_DIR: '/s' });
  let answer: (() => void) | undefined;
  const hanging = new Promise<number>((resolve) => {
    answer = () => resolve(50e9);
  });
  const free: Record<string, Promise<number | undefined>> = { '/s': Promise.resolve(7e9) };
  const told: unknown[] = [];
  const look = disksOf(config, {
    onSilent: (...said) => told.push(said),
    freeBytes: (folder) => free[folder] ?? Promise.resolve(3e9),
    patienceMs: 5,
  });
  const freeOn = async (folder: string) => (await look()).find((each) => each.folder === folder)?.freeBytes;
  expect(await freeOn('/t')).toBe(3e9);
  free['/t'] = hanging;
  for (let round = 0; round < 3; round += 1) expect(await freeOn('/t')).toBe(3e9);
  free['/s'] = Promise.resolve(0);
  expect(await freeOn('/s')).toBe(0);
  expect(await aboutOf({ disks: look })).toEqual(['disk']);
  expect(told).toEqual([['/t', true]]);
  answer?.();
  await hanging;
  expect(await freeOn('/t')).toBe(50e9);
  expect(told).toEqual([
    ['/t', true],
    ['/t', false],
  ]);
});

test('a state directory is written to before it counts as one that can be, and nothing of that stays', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'perry-unwritable-'));
  onTestFinished(() => rm(stateDir, { recursive: true, force: true }));
  expect(await unwritableIn(stateDir)).toBeUndefined();
  expect(await readdir(stateDir)).toEqual([]);
  await mkdir(join(stateDir, '.written'));
  expect(await unwritableIn(stateDir)).toEqual({ path: stateDir, code: 'EISDIR' });
});

const neededBy = async (env: Record<string, string>) => {
  const disks = await disksOf(loadConfig({ ...env, PERRY_STATE_DIR: '/nowhere/state' }).config)();
  return disks.map(({ folder, neededBytes }) => [folder.split('/').at(-1), neededBytes / 1e9]);
};

test('jobs need as much of a disk as the driver wants for a machine, and a little of the state directory', async () => {
  const tart = { PERRY_VM_DRIVER: 'tart', TART_HOME: '/nowhere/tart', TMPDIR: '/nowhere/tmp' };
  expect(await neededBy(tart)).toEqual(
    expect.arrayContaining([
      ['state', 0.1],
      ['tart', 20],
    ]),
  );
  expect(await neededBy({ PERRY_VM_DRIVER: 'qemu' })).toContainEqual(['state', 2]);
  expect(await neededBy({ PERRY_VM_DRIVER: 'qemu', PERRY_MIN_FREE_DISK_GB: '0' })).toContainEqual([
    'state',
    0,
  ]);
  // no machine of theirs is refused for it
  for (const driver of ['local', 'orchard'])
    expect(await neededBy({ PERRY_VM_DRIVER: driver, PERRY_MIN_FREE_DISK_GB: '9' })).toContainEqual([
      'state',
      0.1,
    ]);
});

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { packageRoot } from '../../src/package-root.ts';
import { installInto } from '../../src/upgrade/npm.ts';
import { installationAt, isNewer, type Place, programIn, versionIn } from '../../src/upgrade/place.ts';
import { backUpState, restoreState } from '../../src/upgrade/state-backup.ts';
import { mendSwap, swapIn, swapOut } from '../../src/upgrade/swap.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-place-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(root: string, version: string): Promise<void> {
  await mkdir(dirname(programIn(root)), { recursive: true });
  await writeFile(programIn(root), '');
  await writeFile(join(root, 'package.json'), JSON.stringify({ name: 'perry-ship', version }));
}

test('a disk that npm finds full is said, with where to make room', async () => {
  const said = 'npm error code ENOSPC\nnpm error syscall write\nnpm error errno -28\n';
  await writeFile(join(folder, 'npm'), `#!/bin/sh\nprintf '${said}' >&2\nexit 228\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  const place = { modules: folder, stagingPrefix: join(folder, 'prefix') } as Place;
  const installed = installInto(place, '0.2.0', new AbortController().signal);
  await expect(installed).rejects.toMatchObject({
    code: 'UPGRADE_REFUSED',
    failure: { reason: expect.stringContaining('ENOSPC'), nextStep: expect.stringMatching(/Make room.*npm/) },
  });
  vi.unstubAllEnvs();
});

describe('how the program was installed', () => {
  test.each([
    ['lib/node_modules/perry-ship', 'npm'],
    ['lib/node_modules/.perry-ship-previous', 'npm'],
    ['project/node_modules/perry-ship', 'dependency'],
    ['lib/node_modules/other', 'dependency'],
    ['opt/perry-ship', 'copy'],
  ])('in %s: %s', async (path, kind) => {
    await program(join(folder, path), '0.1.0');
    expect(installationAt(join(folder, path)).kind).toBe(kind);
    await mkdir(join(folder, path, '.git'));
    expect(installationAt(join(folder, path)).kind).toBe('checkout');
  });

  test.runIf(existsSync(join(packageRoot(), '.git')))(
    'a checkout is told its steps, and is not changed',
    () => {
      const command = programIn(packageRoot());
      const text = execFileSync(process.execPath, ['--', command, 'upgrade', '--json'], { encoding: 'utf8' });
      expect(JSON.parse(text)).toMatchObject({ outcome: 'byHand', kind: 'checkout' });
      expect(JSON.parse(text).steps).toEqual(expect.arrayContaining(['git pull', 'npm ci', 'npm run build']));
    },
  );
});

test.each([
  ['0.2.0', '0.1.9', true],
  ['0.10.0', '0.9.0', true],
  ['1.0.0', '1.0.0', false],
  ['1.0.0', '1.0.0-rc.1', true],
  ['1.0.0-rc.1', '1.0.0', false],
  ['0.9.9', '1.0.0', false],
])('%s is newer than %s: %s', (version, than, expected) => expect(isNewer(version, than)).toBe(expected));

describe('the swap', () => {
  let place: Place;
  beforeEach(async () => {
    const current = join(folder, 'lib/node_modules/perry-ship');
    await program(current, '0.1.0');
    const found = installationAt(current);
    if (found.kind !== 'npm') throw new Error(found.kind);
    place = found.place;
    await program(place.staged, '0.2.0');
  });
  const versions = () => [versionIn(place.current), versionIn(place.previous)];

  test('there and back, each time also twice', async () => {
    await swapIn(place);
    expect(versions()).toEqual(['0.2.0', '0.1.0']);
    await swapOut(place, '0.1.0');
    await swapOut(place, '0.1.0');
    expect(versions()).toEqual(['0.1.0', undefined]);
  });

  test('is whole or not at all', async () => {
    await rm(place.staged, { recursive: true });
    await expect(swapIn(place)).rejects.toThrow(/ENOENT/);
    expect(versions()).toEqual(['0.1.0', undefined]);
  });

  test('half of one is undone, a whole one is not', async () => {
    await swapIn(place);
    mendSwap(place);
    expect(versions()).toEqual(['0.2.0', '0.1.0']);
    await rm(place.current, { recursive: true });
    mendSwap(place);
    expect(versions()).toEqual(['0.1.0', undefined]);
  });

  test('does not bring back what is gone', async () => {
    await swapIn(place);
    await rm(place.previous, { recursive: true });
    await expect(swapOut(place, '0.1.0')).rejects.toMatchObject({ code: 'UPGRADE_FAILED' });
    expect(versions()).toEqual(['0.2.0', undefined]);
  });
});

describe('the state', () => {
  const { signal } = new AbortController();
  const at = (name: string) => join(folder, name);
  const format = (number: number) => writeFile(at('format.json'), `{"format":${number},"writtenBy":"x"}`);
  beforeEach(async () => {
    await mkdir(at('journal/machines'), { recursive: true });
    await writeFile(at('journal/machines/a.json'), 'old');
    await writeFile(at('journal/jobs.jsonl'), 'old');
    await writeFile(at('instance'), '00000000\n');
  });

  test('in a new form gets its old one again', async () => {
    await backUpState(folder, signal);
    await format(2);
    await writeFile(at('journal/machines/a.json'), 'new');
    await writeFile(at('journal/machines/b.json'), 'new');
    expect(await restoreState(folder, signal)).toBe(true);
    expect(await readFile(at('journal/machines/a.json'), 'utf8')).toBe('old');
    expect([at('format.json'), at('journal/machines/b.json')].filter(existsSync)).toEqual([]);
    expect(await restoreState(folder, signal)).toBe(false);
  });

  test('in the same form stays: what was written meanwhile is newer than the copy', async () => {
    await format(1);
    await backUpState(folder, signal);
    await writeFile(at('journal/jobs.jsonl'), 'newer');
    expect(await restoreState(folder, signal)).toBe(false);
    expect(await readFile(at('journal/jobs.jsonl'), 'utf8')).toBe('newer');
  });

  test('that is not there need not be copied', async () => {
    await backUpState(at('missing'), signal);
    expect(await restoreState(at('missing'), signal)).toBe(false);
  });
});

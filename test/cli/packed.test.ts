import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot, packageVersion } from '../../src/package-root.ts';

let folder: string;
let installed: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-packed-'));
  const options = ['--ignore-scripts', '--offline', '--silent', '--pack-destination', folder];
  execFileSync('npm', ['pack', ...options], { cwd: packageRoot() });
  execFileSync('tar', ['-xzf', `perry-ship-${packageVersion()}.tgz`], { cwd: folder });
  installed = join(folder, 'package');
  symlinkSync(join(packageRoot(), 'node_modules'), join(installed, 'node_modules'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const perryShip = (...args: string[]) =>
  spawnSync(process.execPath, [join(installed, 'dist/src/cli/perry-ship.js'), ...args], {
    env: { PATH: process.env.PATH, HOME: folder },
    encoding: 'utf8',
  });

test('what is published holds the programs as bundles, with maps, and no module by itself', async () => {
  const names = await readdir(join(installed, 'dist'), { recursive: true });
  const programs = names.filter((name) => name.startsWith('src/') && name.endsWith('.js')).sort();
  expect(programs).toContain('src/cli/perry-ship.js');
  expect(programs).toContain('src/adapters/vm/local/guest-main.js');
  expect(programs.filter((name) => !/(^|[-/])main\.js$|perry-ship\.js$/.test(name))).toEqual([]);
  const bundles = names.filter((name) => name.startsWith('chunks/') && name.endsWith('.js'));
  expect(bundles.filter((name) => !existsSync(join(installed, 'dist', `${name}.map`)))).toEqual([]);
});

test('its commands run', () => {
  expect(perryShip('--version')).toMatchObject({ status: 0, stdout: `${packageVersion()}\n` });
  expect(perryShip('status', '--state-dir', join(folder, 'none'))).toMatchObject({ status: 3 });
  const app = join(installed, 'src/demo/assets/terminal-notifier.app');
  const { status, stdout, stderr } = perryShip('verify', app, '--json');
  expect({ status, stderr }).toMatchObject({ stderr: '' });
  expect(JSON.parse(stdout)).toBeTypeOf('object');
});

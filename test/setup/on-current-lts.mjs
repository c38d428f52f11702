#!/usr/bin/env node
// Runs the tests of what leans on Node.js (streams, compression, cryptography, sockets, processes, files) and one whole
// demo on its current LTS as well, because operators run newer ones than the oldest that we support. The binary comes
// from the npm registry (what the package `node@24` installs) and is kept in the cache folder of this user.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const MAJOR = 24;
const root = join(import.meta.dirname, '../..');
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'perry-ship', `node-${MAJOR}`);
const packageName = `node-${process.platform}-${process.arch}`;
const node = join(cache, 'node_modules', packageName, 'bin/node');

function run(file, args) {
  const { status, error } = spawnSync(file, args, {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) {
    console.error(`on-current-lts: ${file} ${args.join(' ')} ended with ${error?.message ?? status}`);
    process.exit(1);
  }
}

if (!existsSync(node)) {
  console.error(`on-current-lts: installing ${packageName}@${MAJOR} into ${cache}`);
  mkdirSync(cache, { recursive: true });
  run('npm', [
    'install',
    '--prefix',
    cache,
    '--no-save',
    '--no-audit',
    '--no-fund',
    `${packageName}@${MAJOR}`,
  ]);
}
run(node, ['--version']);
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const folders = ['domain', 'files', 'formats', 'journal', 'preflight', 'run'];
const adapters = ['hub-http', 'hub-socket', 'ssh-client', 'vm-local', 'vm-transfer'];
const names = [
  ...folders.map((name) => `test/${name}/`),
  ...adapters.map((name) => `test/adapters/${name}.test.ts`),
];
for (const name of names.filter((each) => !existsSync(join(root, each)))) {
  console.error(`on-current-lts: there is no ${name}; name in this script what depends on Node.js`);
  process.exit(1);
}
run(node, [vitest, 'run', '--config', 'test/vitest.config.ts', '--reporter=dot', ...names]);
run(node, ['dist/src/cli/perry-ship.js', 'demo']);

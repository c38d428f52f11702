import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-root.ts';

/** A package as small as can be, with the build of this one: a program that loads a part of itself when it is told to. */
const PROGRAM = `
console.log('started');
process.stdin.once('data', async () => {
  console.log((await import('./word.ts')).word);
  process.exit();
});
`;

let folder: string;
const place = (name: string) => join(folder, name);
const program = () => place('dist/src/cli/perry-ship.js');
const chunks = () => readdirSync(place('dist/chunks')).filter((name) => /^word-.*\.js$/.test(name));
const say = (word: string) => writeFile(place('src/cli/word.ts'), `export const word = '${word}';\n`);
const build = (...options: string[]) =>
  promisify(execFile)(process.execPath, [place('.config/build.mjs'), ...options], { cwd: folder });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-build-'));
  for (const name of ['.config', 'src/cli', 'machines', 'visualizations'])
    await mkdir(place(name), { recursive: true });
  for (const name of ['.config/build.mjs', 'tsconfig.json', 'package-lock.json'])
    await cp(join(packageRoot(), name), place(name));
  await symlink(join(packageRoot(), 'node_modules'), place('node_modules'));
  await writeFile(place('package.json'), '{ "type": "module" }');
  await writeFile(place('src/cli/perry-ship.ts'), PROGRAM);
  await say('first');
  await build();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function start() {
  const child = spawn(process.execPath, [program()], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => void lines.push(text.trim()));
  await once(child.stdout, 'data');
  return async () => {
    child.stdin.write('go on\n');
    await once(child, 'close');
    return lines;
  };
}

test('a program that runs while it is built anew loads the rest of itself as it was started', async () => {
  const goOn = await start();
  await say('second');
  await build();
  expect(await goOn()).toEqual(['started', 'first']);
  expect(await (await start())()).toEqual(['started', 'second']);
});

test('the program is there at every moment of a build', async () => {
  let isBuilding = true;
  const building = build().finally(() => {
    isBuilding = false;
  });
  let absences = 0;
  while (isBuilding) {
    if (!existsSync(program())) absences += 1;
    await setImmediate();
  }
  await building;
  expect(absences).toBe(0);
  expect(readdirSync(folder).filter((name) => name.startsWith('.dist'))).toEqual([]);
});

test('what two builds ago was loaded goes; alone, a build leaves nothing of the one before', async () => {
  await say('second');
  await build();
  expect(chunks()).toHaveLength(2);
  await say('third');
  await build();
  expect(chunks()).toHaveLength(2);
  await say('fourth');
  await build('--alone');
  expect(chunks()).toHaveLength(1);
});

test('when stale only: nothing is built until a source is newer', async () => {
  const builtAtMs = () => statSync(program()).mtimeMs;
  const firstMs = builtAtMs();
  await build('--when-stale');
  expect(builtAtMs()).toBe(firstMs);
  const later = new Date(Date.now() + 2_000);
  utimesSync(place('src/cli/word.ts'), later, later);
  await build('--when-stale');
  expect(builtAtMs()).toBeGreaterThan(firstMs);
});

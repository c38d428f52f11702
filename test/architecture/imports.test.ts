import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

interface Import {
  readonly from: string;
  /** A path of this project, or the name of a package. */
  readonly to: string;
  readonly isTypeOnly: boolean;
}

async function sources(): Promise<ReadonlyMap<string, string>> {
  const folders = ['src', 'machines'];
  const names = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((name) => join(folder, name)),
    ),
  );
  const files = names.flat().filter((name) => name.endsWith('.ts'));
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(join(root, file), 'utf8')] as const)),
  );
}

function importsOf(from: string, text: string): Import[] {
  const found = text.matchAll(
    /(?:^|\n)(?:import|export)\s+(type\s+)?[^;'"]*?from\s+'([^']+)'|import\('([^']+)'\)/g,
  );
  return [...found].map(([, type, named = '', lazy = '']) => {
    const to = named || lazy;
    return {
      from,
      to: to.startsWith('.') ? normalize(join(dirname(from), to)) : to,
      isTypeOnly: type !== undefined,
    };
  });
}

const files = await sources();
const imports = [...files].flatMap(([file, text]) => importsOf(file, text));
const wrong = (from: RegExp, allowed: RegExp) =>
  imports
    .filter((each) => from.test(each.from) && !allowed.test(each.to))
    .map(({ from: a, to }) => `${a} -> ${to}`);
const importers = (name: string) =>
  [
    ...new Set(
      imports.filter(({ to }) => to === name || to.startsWith(`${name}/`)).map(({ from }) => dirname(from)),
    ),
  ].sort();

test('the statecharts import XState and each other, nothing else', () => {
  expect(wrong(/^machines\//, /^(machines\/|xstate$)/)).toEqual([]);
});

test('domain knowledge is pure: no files, no network, no processes, nothing from the outer rings', () => {
  const allowed =
    /^(src\/domain\/|src\/errors\.ts$|machines\/contracts\/|node:(crypto|zlib|path|util|buffer)$|zod$|asn1js$|node-forge$|pkijs$|plist$)/;
  expect(wrong(/^src\/domain\//, allowed)).toEqual([]);
});

test('adapters know neither the actors nor the steps nor the commands', () => {
  const outer =
    /^(src\/(actors|steps|daemon|cli|control|service|sign|demo|embedded-hub|observability)\/|xstate)/;
  const inward = imports.filter(({ from, to }) => from.startsWith('src/adapters/') && outer.test(to));
  expect(inward.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test('each outside thing has one door', () => {
  expect(importers('execa')).toEqual(['src/adapters/process']);
  expect(importers('ssh2')).toEqual(['src/adapters/ssh']);
  expect(importers('sharp')).toEqual(['src/adapters/icons', 'src/demo/bundles']);
  expect(importers('ws')).toEqual(['src/adapters/hub', 'src/embedded-hub', 'src/observability']);
  expect(importers('node:child_process')).toEqual(['src/adapters/process']);
});

test('demo and embedded hub are nobody else’s', () => {
  const users = imports.filter(
    ({ from, to }) => /^src\/(demo|embedded-hub)\//.test(to) && !/^src\/(demo|embedded-hub|cli)\//.test(from),
  );
  expect(users.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test('behaviour over time is in the statecharts: no timers by hand', () => {
  const timers = [...files].filter(([, text]) =>
    /\bset(Timeout|Interval)\(|timers\/promises/.test(code(text)),
  );
  expect(timers.map(([file]) => file)).toEqual([]);
});

test('a time-out among several signals has somebody who holds it', () => {
  const loose = [...files].filter(([, text]) => /\.any\(\[[^\]]*AbortSignal\.timeout\(/.test(code(text)));
  expect(
    loose.map(([file]) => file),
    'use withDeadline',
  ).toEqual([]);
});

/** Without comments. */
const code = (text: string): string => text.replace(/\/\*.*?\*\//gs, '').replace(/^\s*\/\/.*$/gm, '');

test('no file imports itself by a detour', () => {
  const edges = new Map<string, string[]>();
  for (const { from, to, isTypeOnly } of imports)
    if (!isTypeOnly && files.has(to)) edges.set(from, [...(edges.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) cycles.push([...way.slice(way.indexOf(file)), file].join(' > '));
    if (done.has(file) || way.includes(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  expect(cycles).toEqual([]);
});

import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

interface Import {
  readonly from: string;
  /** A path of this project, or the name of a package. */
  readonly to: string;
}

async function sources(): Promise<ReadonlyMap<string, string>> {
  const folders = ['src', 'machines'];
  const names = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true })).map((name) => join(folder, name)),
    ),
  );
  const files = names.flat().filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'));
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(join(root, file), 'utf8')] as const)),
  );
}

function importsOf(from: string, text: string): Import[] {
  const found = text.matchAll(/(?:^|\n)(?:import|export)\s+[^;'"]*?from\s+'([^']+)'|import\('([^']+)'\)/g);
  return [...found].map(([, named = '', lazy = '']) => {
    const to = named || lazy;
    return {
      from,
      to: to.startsWith('.') ? normalize(join(dirname(from), to)) : to,
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

/** Which folders the files of a folder may use, beside their own. What is in `src` itself is open to all. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  'machines/contracts': [],
  machines: ['machines/contracts'],
  src: ['machines/contracts'],
  formats: [],
  domain: ['formats'],
  files: ['formats', 'domain'],
  adapters: ['formats', 'domain', 'files'],
  config: ['domain'],
  web: ['machines'],
  observability: ['machines', 'domain', 'web'],
  journal: ['files'],
  history: ['machines', 'files', 'observability', 'journal'],
  metrics: ['web', 'observability', 'history'],
  audit: ['files', 'journal'],
  obstacles: ['domain', 'files', 'adapters', 'config', 'audit'],
  alarms: ['machines', 'adapters', 'files', 'config', 'observability', 'journal', 'history', 'obstacles'],
  preflight: ['formats', 'domain', 'adapters'],
  verify: ['formats', 'domain', 'files'],
  run: [
    'machines',
    'formats',
    'domain',
    'files',
    'adapters',
    'config',
    'observability',
    'journal',
    'audit',
    'obstacles',
    'preflight',
    'verify',
  ],
  actors: [
    'machines',
    'domain',
    'adapters',
    'config',
    'observability',
    'journal',
    'audit',
    'obstacles',
    'run',
  ],
  inquiries: ['formats', 'domain', 'files', 'preflight', 'verify', 'run'],
  control: ['machines', 'files', 'adapters', 'observability', 'audit', 'actors'],
  live: ['machines', 'observability', 'web'],
  service: ['machines', 'formats', 'files', 'adapters', 'config'],
  daemon: [
    'machines',
    'domain',
    'files',
    'adapters',
    'config',
    'web',
    'observability',
    'journal',
    'history',
    'audit',
    'run',
    'obstacles',
    'metrics',
    'alarms',
    'actors',
    'control',
    'live',
  ],
  sign: [
    'formats',
    'domain',
    'files',
    'adapters',
    'config',
    'observability',
    'journal',
    'audit',
    'run',
    'actors',
    'control',
    'daemon',
  ],
  'run-process': ['formats', 'adapters', 'run', 'inquiries', 'sign'],
  upgrade: [
    'machines',
    'files',
    'adapters',
    'config',
    'observability',
    'journal',
    'actors',
    'control',
    'service',
  ],
  doctor: [
    'domain',
    'files',
    'adapters',
    'config',
    'observability',
    'audit',
    'journal',
    'control',
    'obstacles',
    'daemon',
  ],
  'golden-image': [
    'machines',
    'formats',
    'domain',
    'files',
    'adapters',
    'config',
    'observability',
    'run',
    'actors',
    'control',
    'daemon',
    'sign',
    'doctor',
  ],
  'embedded-hub': ['adapters'],
  demo: ['formats', 'domain', 'files', 'adapters', 'config', 'verify', 'daemon', 'embedded-hub'],
  page: ['machines', 'observability', 'history', 'live'],
  cli: [
    'machines',
    'domain',
    'files',
    'adapters',
    'config',
    'observability',
    'history',
    'audit',
    'preflight',
    'verify',
    'run',
    'alarms',
    'actors',
    'control',
    'service',
    'daemon',
    'sign',
    'upgrade',
    'doctor',
    'golden-image',
    'demo',
  ],
};

/** The folder below `src`, or `src` for what stands in it; the statecharts and their contracts count as two. */
function folderOf(file: string): string {
  const [top = '', second = '', ...rest] = file.split('/');
  if (top === 'machines') return second === 'contracts' ? 'machines/contracts' : top;
  return rest.length > 0 ? second : top;
}

const mayUse = (from: string, to: string): boolean =>
  from === to || to === 'src' || to === 'machines/contracts' || (FOLDERS[from] ?? []).includes(to);

test('each folder uses only folders that are listed above it, types included', () => {
  const upward = imports.filter(({ from, to }) => files.has(to) && !mayUse(folderOf(from), folderOf(to)));
  expect(upward.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  expect(Object.keys(FOLDERS).sort()).toEqual([...new Set([...files.keys()].map(folderOf))].sort());
});

test('a folder is listed below every folder that it uses', () => {
  const order = Object.keys(FOLDERS);
  const circular = order.flatMap((folder) =>
    (FOLDERS[folder] ?? [])
      .filter((used) => order.indexOf(used) >= order.indexOf(folder))
      .map((used) => `${folder} -> ${used}`),
  );
  expect(circular).toEqual([]);
});

test('the statecharts import XState and each other, nothing else', () => {
  expect(wrong(/^machines\//, /^(machines\/|xstate$)/)).toEqual([]);
});

test('formats and Apple’s rules are pure: no files, no network, no processes', () => {
  const pure =
    /^(src\/|machines\/contracts\/|node:(crypto|zlib|path|util|buffer)$|zod$|asn1js$|node-forge$|plist$)/;
  expect(wrong(/^src\/(domain|formats)\//, pure)).toEqual([]);
});

test('only the actors, the daemon, what watches them and who watches it know XState', () => {
  const users =
    /^(machines|src\/(actors|daemon|control|sign|doctor|golden-image|alarms|history|live|metrics|observability|web|cli|service))\//;
  const others = imports.filter(({ from, to }) => to.startsWith('xstate') && !users.test(from));
  expect(others.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test('each outside thing has one door', () => {
  expect(importers('execa')).toEqual(['src/adapters/process']);
  expect(importers('undici')).toEqual(['src/adapters/http']);
  expect(importers('ssh2')).toEqual(['src/adapters/guest/ssh']);
  expect(importers('sharp')).toEqual(['src/demo/bundles', 'src/files/icons']);
  expect(importers('ws')).toEqual(['src/adapters/guest', 'src/adapters/hub', 'src/embedded-hub', 'src/web']);
  expect(importers('prom-client')).toEqual(['src/metrics']);
  expect(importers('node:child_process')).toEqual(['src/adapters/process']);
});

test('the HTTP client, which is slow to load, is loaded when it is used', () => {
  const loaders = [...files].filter(([, text]) => /^(import (?!type)|export )[^;]*from 'undici'/m.test(text));
  expect(loaders.map(([file]) => file)).toEqual(['src/adapters/http/client.ts']);
  const users = imports.filter(({ to }) => to === 'src/adapters/http/client.ts').map(({ from }) => from);
  const eager = users.filter((file) => /^import [^;]*\/client\.ts'/m.test(files.get(file) ?? ''));
  expect(eager).toEqual([]);
});

test('the page, which runs in a browser, takes types from elsewhere and nothing else, and is nobody else’s', () => {
  const isPage = (file: string) => file.startsWith('src/page/');
  const values = [...files]
    .filter(([file]) => isPage(file))
    .flatMap(([file, text]) => loadedBy(file, text).map((to) => `${file} -> ${to}`))
    .filter((each) => !/ -> src\/page\//.test(each));
  expect(values).toEqual([]);
  // `perry:charts` is made by the build
  expect(wrong(/^src\/page\//, /^(src|machines)\/|^(preact|elkjs)(\/|$)|^perry:charts$/)).toEqual([]);
  const users = imports.filter(({ from, to }) => isPage(to) && !isPage(from));
  expect(users.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test('page, metrics and their server are loaded when they are asked for', () => {
  const late = /^src\/(daemon\/(metrics-piece|page-piece)|web\/server)\.ts$/;
  const loaders = imports.filter(({ to }) => late.test(to)).map(({ from, to }) => `${from} -> ${to}`);
  expect(loaders.length).toBe(3);
  const eager = [...files].filter(([, text]) =>
    /^import (?!type)[^;]*\/(metrics-piece|page-piece|web\/server)\.ts'/m.test(text),
  );
  expect(eager.map(([file]) => file)).toEqual([]);
  // what counts is reached from there alone
  const users = imports.filter(
    ({ from, to }) => to.startsWith('src/metrics/') && !from.startsWith('src/metrics/'),
  );
  expect(users.map(({ from, to }) => `${from} -> ${to}`)).toEqual([
    'src/daemon/metrics-piece.ts -> src/metrics/metrics.ts',
  ]);
});

test('demo and embedded hub are nobody else’s', () => {
  const users = imports.filter(
    ({ from, to }) => /^src\/(demo|embedded-hub)\//.test(to) && !/^src\/(demo|embedded-hub|cli)\//.test(from),
  );
  expect(users.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

/** Types alone are gone when a program runs. */
const LOADS = /(?:^|\n)(?:import|export)\s+(?!type\b)[^;'"]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/g;

const loadedBy = (file: string, text: string): string[] =>
  [...text.matchAll(LOADS)].map(([, named = '', lazy = '']) => normalize(join(dirname(file), named || lazy)));

/** What takes bytes apart that others made. */
const READERS =
  /^src\/(inquiries|run\/(steps|room)|preflight|verify\/(?!text|catalog-text|report)|files\/(archive|asset-catalog|bundle|code-signature|dmg|icons|stapling|xar)|formats\/(macho|pkcs12|udif|hfsplus|lzfse|asset-catalog|code-signature))\b/;

/** All that is loaded with a file, in the end. */
function loadedWith(first: string, isLeftOut: (file: string) => boolean = () => false): string[] {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file) || !files.has(file) || isLeftOut(file)) return;
    loaded.add(file);
    for (const each of loadedBy(file, files.get(file) ?? '')) load(each);
  };
  load(first);
  return [...loaded];
}

test('the daemon loads nothing that opens a bundle, a certificate or what a machine sends: its runs do', () => {
  const loaded = loadedWith('src/daemon/daemon.ts');
  expect(loaded.length).toBeGreaterThan(100);
  expect(loaded.filter((file) => READERS.test(file))).toEqual([]);
  // not even property lists: their writer alone, and what reads ASN.1, is a tenth of what it would load
  expect(loaded.filter((file) => /^src\/(formats\/(?!base64\/)|domain\/profile\/)/.test(file))).toEqual([]);
});

test('nor does any command: it asks a process of its own', () => {
  // the demo makes its bundles and certificates itself
  const loaded = loadedWith('src/cli/perry-ship.ts', (file) => file === 'src/cli/demo.ts');
  expect(loaded.length).toBeGreaterThan(150);
  expect(loaded.filter((file) => READERS.test(file))).toEqual([]);
  const direct = imports.filter(
    ({ from, to }) => /^src\/(cli|doctor)\//.test(from) && /^src\/(formats|inquiries)\//.test(to),
  );
  expect(direct.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test('behaviour over time is in the statecharts: no timers by hand', () => {
  // what a browser shows is another matter
  const timers = [...files].filter(
    ([file, text]) =>
      !file.startsWith('src/page/') && /\bset(Timeout|Interval)\(|timers\/promises/.test(code(text)),
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

test('what is loaded late is a file of ours: in a bundle, a package in the older format has no names by then', () => {
  const late = [...files].flatMap(([file, text]) =>
    [...code(text).matchAll(/import\('([^'.][^']*)'\)/g)].map(([, name]) => `${file} -> ${name}`),
  );
  // native code, which is not bundled
  expect(late).toEqual(['src/files/icons/image.ts -> sharp']);
});

test('no file imports itself by a detour, types included', () => {
  const edges = new Map<string, string[]>();
  for (const { from, to } of imports) if (files.has(to)) edges.set(from, [...(edges.get(from) ?? []), to]);
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

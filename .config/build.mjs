// Builds `dist`: each source file by itself, for the tests that import one; and the programs that are started, each
// bundled with all that it loads, because reading a thousand modules costs a second of CPU at every start; and the page,
// bundled for browsers. Types are not checked here: `npm run typecheck` does that.
//
// What runs from `dist` meanwhile is not disturbed: all is built beside it, and goes in file by file, each by a rename.
//
// --when-stale: only when a source is newer than what was built; --alone: nothing of the last build stays
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
/** Names what was built; its age is the age of the build. */
const built = join(dist, 'built');
const BUILT_FROM = ['src', 'machines', 'visualizations', '.config', 'tsconfig.json', 'package-lock.json'];
const modules = join(root, 'node_modules');

/** The command, and what it starts as processes of their own: `main.ts` and `…-main.ts` of any room. */
const programs = () => [
  'src/cli/perry-ship.ts',
  ...readdirSync(join(root, 'src'), { recursive: true })
    .filter((name) => /(^|[-/])main\.ts$/.test(name))
    .map((name) => join('src', name)),
];

/** Native code stays in the package that it came with, and is found there when the program runs. */
const nativeCode = {
  name: 'native-code',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) => ({
      path: relative(modules, join(resolveDir, path)).replaceAll(sep, '/'),
      external: true,
    }));
  },
};

/**
 * Of `plist` only the writer is used. Its reader comes with a whole XML parser, and is left out: without this, esbuild
 * has to think that loading it does something by itself.
 */
const unusedReader = {
  name: 'unused-reader',
  setup: ({ onResolve, resolve }) => {
    onResolve({ filter: /^\.\/parse/ }, async ({ path, pluginData, importer, ...from }) => {
      if (pluginData === unusedReader || !importer.includes('/node_modules/plist/')) return undefined;
      const found = await resolve(path, { importer, pluginData: unusedReader, ...from });
      return { ...found, sideEffects: false };
    });
  },
};

function compile(outDir) {
  const compiler = join(modules, 'typescript/bin/tsc');
  const command = [compiler, '-p', 'tsconfig.json', '--noCheck', '--outDir', outDir];
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('the TypeScript compiler failed; what it says stands above');
}

const bundle = (outdir) =>
  build({
    absWorkingDir: root,
    entryPoints: programs(),
    outbase: '.',
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    // over what was compiled one by one
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    supported: { 'regexp-unicode-property-escapes': true },
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'linked',
    // packages in the older module format ask for files by themselves
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
    external: ['sharp', 'cpu-features'],
    plugins: [nativeCode, unusedReader],
    logLevel: 'warning',
  });

const pageSource = join(root, 'src/page');

/** Every statechart as JSON, for the page: made of the charts that were just compiled. */
const chartsOf = (made) => ({
  name: 'charts',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^perry:charts$/ }, ({ path }) => ({ path, namespace: 'charts' }));
    onLoad({ filter: /./, namespace: 'charts' }, async () => {
      const { definitionsById } = await import(
        pathToFileURL(join(made, 'visualizations/definitions.js')).href
      );
      return { contents: JSON.stringify(definitionsById()), loader: 'json' };
    });
  },
});

/**
 * The page, what it starts as a worker of its own: `…-worker.ts`, and pages beside it: `…-page.ts`. Each is a file, the
 * style of all another.
 */
async function bundlePage(made) {
  const outdir = join(made, 'page');
  if (!existsSync(pageSource)) return;
  const others = filesIn(pageSource).filter((name) => /-(worker|page)\.ts$/.test(name));
  const { metafile } = await build({
    metafile: true,
    absWorkingDir: root,
    entryPoints: ['main.tsx', ...others].map((name) => ({
      in: join('src/page', name),
      out: basename(name, extname(name)),
    })),
    outdir,
    chunkNames: 'chunk-[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'linked',
    plugins: [chartsOf(made)],
    tsconfig: 'src/page/tsconfig.json',
    logLevel: 'warning',
  });
  for (const name of ['index.html', 'icon.svg']) copyFileSync(join(pageSource, name), join(outdir, name));
  writeFileSync(join(outdir, 'licenses.txt'), licensesOf(Object.keys(metafile.inputs)));
}

/** What the packages in the page ask of whoever passes them on: their licence, and where their source is. */
function licensesOf(inputs) {
  const names = inputs.flatMap((name) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(name)?.[1] ?? []);
  return [...new Set(names)].sort().map(licenseOf).join('\n');
}

function licenseOf(name) {
  const folder = join(modules, name);
  const { version, license, repository } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`the package ${name} has no licence text`);
  const source = repository?.url ?? repository ?? `https://www.npmjs.com/package/${name}`;
  return `${name} ${version}, ${license}, source: ${source}\n\n${readFileSync(join(folder, file), 'utf8')}`;
}

const filesIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((item) => !item.isDirectory())
        .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
    : [];

/** Parts before the programs that load them. */
const isProgram = (name) => !name.startsWith('chunks');

/**
 * A program that was started from the last build loads some of its parts later: they stay until the build after this
 * one, unless this one is wanted alone.
 */
function putInPlace(made, { isAlone, begunAt }) {
  const names = filesIn(made).sort((a, b) => isProgram(a) - isProgram(b));
  const last = existsSync(built) && !isAlone ? readFileSync(built, 'utf8').split('\n') : [];
  for (const name of names) {
    mkdirSync(dirname(join(dist, name)), { recursive: true });
    renameSync(join(made, name), join(dist, name));
  }
  const kept = new Set([...names, ...last, 'built']);
  for (const name of filesIn(dist)) if (!kept.has(name)) rmSync(join(dist, name), { force: true });
  writeFileSync(built, names.join('\n'));
  // what was changed during the build is newer
  utimesSync(built, begunAt, begunAt);
}

const changedAtMs = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function newestMs(path) {
  const inside = statSync(path).isDirectory() ? readdirSync(path, { recursive: true }) : [];
  return Math.max(changedAtMs(path), ...inside.map((name) => changedAtMs(join(path, name))));
}

const isFresh = () => BUILT_FROM.every((name) => newestMs(join(root, name)) <= changedAtMs(built));

async function buildBeside(isAlone) {
  const begunAt = new Date();
  // as deep as `dist`, because the maps name the sources from where they are
  const made = mkdtempSync(join(root, '.dist-'));
  try {
    compile(made);
    await Promise.all([bundle(made), bundlePage(made)]);
    // for whoever links to it, as `npm link` does
    chmodSync(join(made, 'src/cli/perry-ship.js'), 0o755);
    putInPlace(made, { isAlone, begunAt });
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

const isAsked = (option) => process.argv.includes(option);
if (!isAsked('--when-stale') || !isFresh()) await buildBeside(isAsked('--alone'));

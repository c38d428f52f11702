// Builds `dist`: each source file by itself, for the tests that import one; and the programs that are started, each
// bundled with all that it loads, because reading a thousand modules costs a second of CPU at every start. Types are
// not checked here: `npm run typecheck` does that.
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
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

function compile() {
  const compiler = join(modules, 'typescript/bin/tsc');
  const options = { cwd: root, stdio: 'inherit' };
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json', '--noCheck'], options);
  if (status !== 0) process.exit(status ?? 1);
}

const bundle = () =>
  build({
    absWorkingDir: root,
    entryPoints: programs(),
    outbase: '.',
    outdir: 'dist',
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
    plugins: [nativeCode],
    logLevel: 'warning',
  });

rmSync(join(root, 'dist'), { recursive: true, force: true });
compile();
await bundle();
// for whoever links to it, as `npm link` does
chmodSync(join(root, 'dist/src/cli/perry-ship.js'), 0o755);
// the tests compare the age of this file with that of the sources
writeFileSync(join(root, 'dist/built'), '');

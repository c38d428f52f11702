import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withSourceLines } from '../../src/observability/source-lines.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-lines-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const SOURCE = [
  '// a comment',
  '',
  'export function breaks(): never {',
  "  throw new Error('broken: at 1:2');",
  '}',
];

test('a place in a bundle is told as a place in the sources', async () => {
  const outfile = join(folder, 'bundle.js');
  const stdin = { contents: SOURCE.join('\n'), loader: 'ts', sourcefile: 'src/breaks.ts' } as const;
  await build({ stdin, outfile, sourcemap: true, format: 'esm', bundle: true });
  const { breaks } = (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as {
    breaks: () => never;
  };
  const stack = stackOf(breaks);
  const [said, first] = withSourceLines(stack).split('\n');
  expect(said).toBe('Error: broken: at 1:2');
  expect(first).toMatch(/^ {4}at .*src\/breaks\.ts:4:9\)?$/);
});

test('what has no map, or is no stack, stays as it is', () => {
  const texts = [
    'Error: x\n    at f (file:///nowhere/a.js:1:1)\n    at node:fs:1:1\n    at file:///nowhere/b.js:1:1',
    'Error: file:///nowhere/a.js:1:1 is no place',
    '    at file://',
    '    at (file:///%zz.js:a:b)',
    '',
  ];
  for (const text of texts) expect(withSourceLines(text)).toBe(text);
});

function stackOf(action: () => never): string {
  try {
    return action();
  } catch (error) {
    return (error as Error).stack ?? '';
  }
}

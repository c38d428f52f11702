import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderPages } from './pages.ts';
import { tablePages, withTables } from './readme-tables.ts';

/**
 * Writes every page into `visualizations/`, the tables of settings and error codes, and the table in the README; with
 * `--check` it only says which are stale, and exits 1.
 */
const root = process.cwd();
const readme = await readFile(join(root, 'README.md'), 'utf8');
const wanted = [
  ...Object.entries(renderPages()).map(([file, text]) => [join('visualizations', file), text] as const),
  ...Object.entries(tablePages()),
  ['README.md', withTables(readme)] as const,
];
const stale: string[] = [];
for (const [file, text] of wanted) {
  const current = await readFile(join(root, file), 'utf8').catch(() => '');
  if (current === text) continue;
  stale.push(file);
  if (!process.argv.includes('--check')) await writeFile(join(root, file), text);
}
console.error(stale.length === 0 ? 'Every page is up to date.' : `Changed: ${stale.join(', ')}`);
if (process.argv.includes('--check') && stale.length > 0) process.exitCode = 1;

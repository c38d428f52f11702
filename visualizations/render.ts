import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderPages } from './pages.ts';

/** Writes every page into `visualizations/`; with `--check` it only says which are stale, and exits 1. */
const folder = join(process.cwd(), 'visualizations');
const stale: string[] = [];
for (const [file, text] of Object.entries(renderPages())) {
  const current = await readFile(join(folder, file), 'utf8').catch(() => '');
  if (current === text) continue;
  stale.push(file);
  if (!process.argv.includes('--check')) await writeFile(join(folder, file), text);
}
console.error(stale.length === 0 ? 'Every diagram is up to date.' : `Changed: ${stale.join(', ')}`);
if (process.argv.includes('--check') && stale.length > 0) process.exitCode = 1;

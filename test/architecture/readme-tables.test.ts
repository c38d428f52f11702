import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failureCodes } from '../../src/errors.ts';
import { withTables } from '../../visualizations/readme-tables.ts';

const root = join(import.meta.dirname, '../..');

test('the tables of settings and failure codes in the README are what the code says', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  for (const marker of ['settings', 'failure-codes']) expect(readme).toContain(`<!-- ${marker} -->`);
  expect(readme, 'stale: run `npm run diagrams` and commit the result').toBe(withTables(readme));
});

test('every failure code that is made somewhere is registered, and every registered one is made somewhere', async () => {
  const text = await sourceText();
  const registered = Object.keys(failureCodes);
  const inMachines = [...text.machines.matchAll(/\b(?:code:|host\()\s*'([A-Z][A-Z0-9_]+)'/g)].map(
    ([, code]) => code,
  );
  expect(inMachines.filter((code) => !registered.includes(code ?? ''))).toEqual([]);
  const unused = registered.filter((code) => !text.all.includes(`'${code}'`));
  expect(unused).toEqual([]);
});

async function sourceText(): Promise<{ all: string; machines: string }> {
  const read = async (folder: string) => {
    const names = await readdir(join(root, folder), { recursive: true });
    const files = names.filter((name) => name.endsWith('.ts') && name !== 'errors.ts');
    return (await Promise.all(files.map((file) => readFile(join(root, folder, file), 'utf8')))).join('\n');
  };
  const machines = await read('machines');
  return { machines, all: `${machines}\n${await read('src')}` };
}

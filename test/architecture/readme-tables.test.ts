import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FailureCode, failureCodes } from '../../src/errors.ts';
import { actionFor } from '../../src/failure-actions.ts';
import { tablePages, withTables } from '../../visualizations/readme-tables.ts';

const root = join(import.meta.dirname, '../..');
const STALE = 'stale: run `npm run diagrams` and commit the result';

test('the table of settings in the README is what the code says', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  expect(readme).toContain('<!-- settings -->');
  expect(readme, STALE).toBe(withTables(readme));
});

test('the pages of settings and error codes are what the code says', async () => {
  for (const [file, text] of Object.entries(tablePages())) {
    expect(await readFile(join(root, file), 'utf8'), STALE).toBe(text);
    expect(text.split('\n').length).toBeGreaterThan(30);
  }
});

test('no advice and no meaning breaks the table that it stands in', () => {
  for (const [code, { kind, meaning }] of Object.entries(failureCodes)) {
    expect(meaning, code).toMatch(/^[^|\n]+\.$/);
    expect(actionFor(code as FailureCode, kind), code).toMatch(/^[^|\n]+\.$/);
  }
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
    const files = names.filter((name) => name.endsWith('.ts') && !name.endsWith('failure-codes.ts'));
    return (await Promise.all(files.map((file) => readFile(join(root, folder, file), 'utf8')))).join('\n');
  };
  const machines = await read('machines');
  return { machines, all: `${machines}\n${await read('src')}` };
}

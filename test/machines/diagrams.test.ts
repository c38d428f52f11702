import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderPages } from '../../visualizations/pages.ts';

test.each(Object.entries(renderPages()))('the diagram %s is what the machines say', async (file, text) => {
  const committed = await readFile(join(import.meta.dirname, '../../visualizations', file), 'utf8');
  expect(committed, 'stale: run `npm run diagrams` and commit the result').toBe(text);
});

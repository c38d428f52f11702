import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { arrows, raised } from '../../visualizations/actor-system.ts';
import { charts, renderPages } from '../../visualizations/pages.ts';

test.each(Object.entries(renderPages()))('the diagram %s is what the machines say', async (file, text) => {
  const committed = await readFile(join(import.meta.dirname, '../../visualizations', file), 'utf8');
  expect(committed, 'stale: run `npm run diagrams` and commit the result').toBe(text);
});

test.each(Object.entries(charts))('the arrows into %s carry the events that it acts on', (name, chart) => {
  const drawn = arrows.flatMap(({ to, events = [] }) => (to === name ? events : []));
  const actedOn = chart.events.filter((event) => !event.startsWith('xstate.'));
  expect([...new Set([...drawn, ...(raised[name] ?? [])])].sort()).toEqual(actedOn.sort());
});

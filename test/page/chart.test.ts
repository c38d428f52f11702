import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ElkNode } from 'elkjs';
import { describe, expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { packageRoot } from '../../src/package-root.ts';
import { activeInWords, innermostIn, statesIn } from '../../src/page/chart/active.ts';
import { around, type Chart, ROOT } from '../../src/page/chart/chart.ts';
import { elkGraphOf } from '../../src/page/chart/elk-graph.ts';
import { type Box, layoutOf } from '../../src/page/chart/layout.ts';
import { openAtFirst, openable } from '../../src/page/chart/open.ts';
import { PHASES, withPhases } from '../../src/page/chart/phases.ts';
import { readDefinition } from '../../src/page/chart/read-definition.ts';
import { sharedExits, viewOf } from '../../src/page/chart/view.ts';
import { edgesBetween } from '../../src/page/chart/walk.ts';
import { definitionOf } from '../../visualizations/definitions.ts';
import { childrenOf, type Node } from '../../visualizations/mermaid.ts';
import { charts } from '../../visualizations/pages.ts';

test('the styles are those of browsers of 2023 as well', async () => {
  const folder = join(packageRoot(), 'src/page');
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.css'));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  expect(files.length).toBeGreaterThan(5);
  // what they do not know is no colour at all, in what is made of it too
  expect(texts.join('\n').match(/\b(light-dark|color-mix|oklch|oklab)\(/g)).toBeNull();
});

const read = (machine: AnyStateMachine): Chart => {
  const chart = readDefinition(JSON.parse(JSON.stringify(definitionOf(machine))));
  if (chart === undefined) throw new Error(`${machine.id} has no chart`);
  return chart;
};
const every = Object.entries(charts).map(([name, machine]) => ({ name, machine, chart: read(machine) }));
const signJob = withPhases(read(charts['sign-job'] as AnyStateMachine));

const nodesOf = (node: Node): Node[] => [node, ...childrenOf(node).flatMap(nodesOf)];
const pathOf = (node: Node): string => node.path.join('.');

describe.each(every)('the chart of $name', ({ machine, chart }) => {
  const nodes = nodesOf(machine.root as Node);

  test('has the states of the machine, with what is said of them', () => {
    expect([...chart.states.keys()]).toEqual(nodes.map(pathOf));
    for (const node of nodes) {
      const state = chart.states.get(pathOf(node));
      const kind = node.type === 'compound' && childrenOf(node).length === 0 ? 'atomic' : node.type;
      expect(state).toMatchObject({ kind, description: node.description ?? '' });
      expect(state?.does).toEqual(node.invoke.map(({ src }) => src));
      const initial = node.type === 'compound' ? (node.initial.target?.[0] as Node | undefined) : undefined;
      expect(state?.children.filter((child) => chart.states.get(child)?.isInitial)).toEqual(
        initial ? [pathOf(initial)] : [],
      );
    }
  });

  test('has every transition where XState takes it, and no other', () => {
    const wanted = nodes.flatMap((node) =>
      [...[...node.transitions.values()].flat(), ...(node.always ?? [])].flatMap(({ target }) =>
        ((target ?? []) as Node[]).map((to) => `${pathOf(node)} -> ${pathOf(to)}`),
      ),
    );
    expect(chart.edges.map(({ from, to }) => `${from} -> ${to}`).sort()).toEqual(wanted.sort());
  });

  test('shows of itself what is open, and an arrow for each transition between two states that are shown', () => {
    const drawn = withPhases(chart);
    for (const open of [new Set<string>(), openAtFirst(drawn), new Set(openable(drawn))]) {
      const view = viewOf(drawn, { open, exits: 'each' });
      const shown = new Set(view.shown.map(({ path }) => path));
      for (const path of shown)
        expect(
          around(drawn, path)
            .slice(1)
            .every((outer) => open.has(outer)),
        ).toBe(true);
      for (const { from, to } of view.arrows) expect([shown.has(from), shown.has(to)]).toEqual([true, true]);
      const carried = new Set(view.arrows.flatMap(({ edges }) => edges));
      const isInOne = ({ from, to }: { from: string; to: string }) => {
        const isShown = (path: string) => shown.has(path);
        return around(drawn, from).find(isShown) === around(drawn, to).find(isShown);
      };
      expect(
        drawn.edges.filter((edge) => edge.from !== ROOT && !carried.has(edge) && !isInOne(edge)),
      ).toEqual([]);
    }
  });

  test('says for each transition how one gets from its source to its target', () => {
    const lost = chart.edges.filter(({ from, to }) => edgesBetween(chart, from, to).length === 0);
    expect(lost).toEqual([]);
  });

  test('is laid out with each state in its frame, none over another, and arrows from box to box', async () => {
    const drawn = withPhases(chart);
    const view = viewOf(drawn, { open: openAtFirst(drawn), exits: 'together' });
    const layout = layoutOf(view, await laidOut(elkGraphOf(view)));
    const boxOf = (path: string) => layout.boxes.get(path) as Box;
    for (const { path, parent } of view.shown)
      if (parent !== ROOT && parent !== null) expect(isInside(boxOf(path), boxOf(parent)), path).toBe(true);
    for (const one of view.shown)
      for (const other of view.shown)
        if (one !== other && one.parent === other.parent)
          expect(overlap(boxOf(one.path), boxOf(other.path)), `${one.path} ${other.path}`).toBe(false);
    for (const { id, from, to } of view.arrows) {
      const line = layout.lines.get(id) ?? [];
      expect(touches(line[0], boxOf(from)), `${id} begins at its source`).toBe(true);
      expect(touches(line.at(-1), boxOf(to)), `${id} ends at its target`).toBe(true);
    }
  });
});

const Elk = createRequire(import.meta.url)('elkjs') as new () => { layout(graph: ElkNode): Promise<ElkNode> };
const laidOut = (graph: ElkNode) => new Elk().layout(graph);

const NEAR_PX = 1.5;
const isInside = (inner: Box, outer: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;
const overlap = (one: Box, other: Box): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;
const isBetween = (value: number, from: number, length: number): boolean =>
  value >= from - NEAR_PX && value <= from + length + NEAR_PX;
const touches = (point: { x: number; y: number } | undefined, { x, y, width, height }: Box): boolean =>
  point !== undefined &&
  isBetween(point.x, x, width) &&
  isBetween(point.y, y, height) &&
  [point.x - x, point.x - x - width, point.y - y, point.y - y - height].some(
    (gap) => Math.abs(gap) <= NEAR_PX,
  );

describe('the chart of a job', () => {
  test.each(Object.entries(PHASES))('%s: each state of the way is in one phase', (id, { inside, groups }) => {
    const chart = every.find((each) => each.chart.id === id)?.chart;
    const names = Object.values(groups).flat();
    const states = chart?.states.get(inside)?.children ?? [];
    expect(names.map((name) => `${inside}.${name}`).sort()).toEqual([...states].sort());
  });

  test('is open down to its phases at first, and no larger than a screen', () => {
    const view = viewOf(signJob, { open: openAtFirst(signJob), exits: 'hidden' });
    const names = view.shown.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['running', 'signing', 'reporting', 'machine', 'succeeded']),
    );
    expect(names).not.toContain('codesigning');
    expect(names.length).toBeLessThan(30);
  });

  test('draws the exits that all states share as one arrow from what they are all in', () => {
    const view = viewOf(signJob, { open: openAtFirst(signJob), exits: 'together' });
    const arrow = view.arrows.find(({ id }) => id === 'engaged.work.running>engaged.work.reporting!');
    expect(arrow?.edges.filter(({ cause }) => cause === 'fault').length).toBeGreaterThan(20);
    // the way to success is none of them
    const good = sharedExits(signJob);
    expect(signJob.edges.filter(({ cause }) => cause === 'next').some((edge) => good.has(edge))).toBe(false);
  });

  test('says in words where it stands', () => {
    const value = {
      engaged: {
        work: { running: 'codesigning' },
        process: { alive: 'resting' },
        machine: { owned: 'ready' },
        claim: 'valid',
      },
    };
    const active = statesIn(value, signJob);
    expect(activeInWords(signJob, active)).toBe(
      'engaged, work: running, signing, codesigning; process: alive, resting; machine: owned, ready; claim: valid',
    );
    expect(innermostIn(signJob, 'engaged.work.running/signing', active)).toEqual([
      'engaged.work.running.codesigning',
    ]);
  });
});

test.each([
  ['nothing', undefined],
  ['a text', 'chart'],
  ['a list', []],
  ['no states', { id: 'x' }],
])('%s is no chart', (_name, definition) => {
  expect(readDefinition(definition)).toBeUndefined();
});

test.each([
  ['states that are texts', { states: { a: 'b', c: null, d: 4 } }],
  [
    'targets of every kind',
    { states: { a: { on: { x: [null, 4, { target: {} }, '#no.such', '..', ''] } } } },
  ],
  ['invocations of every kind', { states: { a: { invoke: [null, 'x', { onDone: 7 }, { src: {} }] } } }],
  ['names from elsewhere', { states: { __proto__: { on: { toString: 'constructor' } }, constructor: {} } }],
])('%s are left out, and the rest is drawn', (_name, definition) => {
  const chart = readDefinition(JSON.parse(JSON.stringify({ id: 'odd', ...definition })));
  expect(chart?.edges).toEqual([]);
  if (chart) expect(viewOf(chart, { open: new Set(), exits: 'each' }).arrows).toEqual([]);
});

test('a chart that is too large or too deep is cut', () => {
  const wide = { states: Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`s${index}`, {}])) };
  expect(readDefinition(wide)?.states.size).toBe(500);
  const deep = Array.from({ length: 100 }).reduce<object>((inner) => ({ states: { a: inner } }), {});
  expect(readDefinition(deep)?.states.size).toBeLessThan(20);
});

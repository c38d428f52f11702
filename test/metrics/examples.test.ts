import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { alarmNames } from '../../src/alarms/catalogue.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import type { DaemonStatus, SupervisorSnapshot } from '../../src/observability/status.ts';
import { hasPromtool, promtool } from '../helpers/promtool.ts';

const folder = join(import.meta.dirname, '../../src/metrics/examples');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}
const { panels } = JSON.parse(read('grafana-dashboard.json')) as { panels: readonly Panel[] };
const questions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Every name that `/metrics` has, with its type. */
async function offered(): Promise<ReadonlyMap<string, string>> {
  const status = {
    slots: { used: 0, max: 2, waiting: 0, quarantined: 0, standby: 0 },
    runs: [],
    leaked: [],
    failingHosts: {},
    closedPorts: [],
    alarms: [],
    obstacles: [],
    pauseProblem: null,
  } as unknown as DaemonStatus;
  const { routes } = createMetrics({
    status: () => ({ ...status, version: '1', driver: 'local', link: 'online', work: 'accepting' }),
    snapshot: () => ({ context: { runs: [] }, children: {} }) as unknown as SupervisorSnapshot,
    alarms: alarmNames,
    onFault: () => {},
  });
  const answer = await routes
    .find(({ path }) => path === '/metrics')
    ?.get?.({
      ...{ params: {}, query: new URLSearchParams(), body: undefined },
      signal: new AbortController().signal,
    });
  const found = String(answer?.body).matchAll(/^# TYPE (\S+) (\S+)$/gm);
  return new Map([...found].map(([, name = '', type = '']) => [name, type]));
}

/** Names of metrics in a question, as they are defined. */
const namesIn = (text: string, types: ReadonlyMap<string, string>): string[] =>
  [...text.matchAll(/\b((?:perry_ship|nodejs|process)_[a-z0-9_]+)/g)].map(([, name = '']) => {
    const base = name.replace(/_(bucket|sum|count)$/, '');
    return types.get(base) === 'histogram' ? base : name;
  });

test('the dashboard and the rules ask for nothing that is not there', async () => {
  const types = await offered();
  const asked = [...questions, read('alert-rules.yml')].flatMap((text) => namesIn(text, types));
  expect(asked.length).toBeGreaterThan(40);
  expect([...new Set(asked)].filter((name) => !types.has(name))).toEqual([]);
});

test('the dashboard shows all that perry-ship counts itself', async () => {
  const types = await offered();
  const shown = new Set(questions.flatMap((text) => namesIn(text, types)));
  const own = [...types.keys()].filter((name) => name.startsWith('perry_ship_'));
  expect(own.length).toBeGreaterThan(25);
  expect(own.filter((name) => !shown.has(name))).toEqual([]);
});

test('names follow the conventions of Prometheus', async () => {
  const wrong = [...(await offered())].filter(([name, type]) => {
    if (type === 'counter') return !name.endsWith('_total');
    if (name.endsWith('_total')) return true;
    return type === 'histogram' && !/_(seconds|bytes)$/.test(name);
  });
  expect(wrong).toEqual([]);
});

test('the panels of the dashboard do not overlap, and each has a name and an id of its own', () => {
  const cells = panels.flatMap(({ title, gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => ({
      title,
      at: `${x + (cell % w)} ${y + Math.floor(cell / w)}`,
    })),
  );
  expect(new Set(cells.map(({ at }) => at)).size).toBe(cells.length);
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
});

test('rules that name alarms name those that there are', () => {
  const [, named = ''] = /alarm!~"([^"]+)"/.exec(read('alert-rules.yml')) ?? [];
  const unknown = named.split('|').filter((name) => !(alarmNames as readonly string[]).includes(name));
  expect(unknown).toEqual([]);
});

test.runIf(hasPromtool)('Prometheus takes its configuration, the rules and every question', () => {
  expect(promtool(['check', 'config', join(folder, 'prometheus.yml')])).toBe('');
  expect(promtool(['check', 'rules', join(folder, 'alert-rules.yml')])).toBe('');
  const rules = questions.map((expr, number) => ({
    record: `question:${number}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
  }));
  const scratch = mkdtempSync(join(tmpdir(), 'perry-rules-'));
  try {
    const file = join(scratch, 'questions.yml');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    expect(promtool(['check', 'rules', file])).toBe('');
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test.runIf(hasPromtool)('each rule raises its alert when it should, and not when it should not', () => {
  expect(promtool(['test', 'rules', join(import.meta.dirname, 'alert-rules.test.yml')])).toBe('');
});

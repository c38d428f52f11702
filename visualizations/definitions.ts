import type { AnyStateMachine } from 'xstate';
import { guardText } from './guard-text.ts';
import { charts } from './pages.ts';

/** What decides how a chart is drawn. */
const DRAWN = [
  'id',
  'description',
  'type',
  'initial',
  'states',
  'invoke',
  'src',
  'onDone',
  'onError',
  'on',
  'after',
  'always',
  'target',
  'guard',
];

/** Names in these are chosen by whoever wrote the chart. */
const NAMED = ['states', 'on', 'after'];

/** A statechart as JSON, with all that is drawn of it and nothing else: as the inspector sends it, but with its guards. */
export const definitionOf = (machine: AnyStateMachine): unknown => drawn(machine.config);

function drawn(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(drawn);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).flatMap(([name, inner]) => {
      if (!DRAWN.includes(name) || inner === undefined) return [];
      if (name === 'guard') return [[name, guardText(inner)]];
      return [[name, NAMED.includes(name) ? named(inner as object) : drawn(inner)]];
    }),
  );
}

const named = (parts: object): unknown =>
  Object.fromEntries(Object.entries(parts).map(([name, inner]) => [name, drawn(inner)]));

/** Every chart by the id of its machine. */
export const definitionsById = (): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.values(charts).map((machine) => [machine.id, definitionOf(machine)]));

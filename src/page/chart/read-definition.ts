import type { Cause, Chart, ChartEdge, ChartState, StateKind } from './chart.ts';
import { ROOT } from './chart.ts';

/** As XState's `config` comes out of JSON: whatever is not as expected is left out. */
type Part = Readonly<Record<string, unknown>>;

/** Far more than any of our charts has, and few enough to be drawn. */
const MAX_STATES = 500;
const MAX_EDGES = 3_000;
const MAX_DEPTH = 12;

interface Place {
  readonly node: Part;
  readonly path: string;
  readonly parent: string | null;
}

/**
 * Reads the definition of a statechart as the inspector sends it: the `config` of an XState machine, as JSON.
 * `undefined` when it is none.
 */
export function readDefinition(definition: unknown): Chart | undefined {
  const root = partOf(definition);
  if (root === undefined || typeof root.states !== 'object') return undefined;
  const places = placesIn(root);
  const id = textOf(root.id) || 'chart';
  const states = new Map(places.map((place) => [place.path, stateAt(place, places)]));
  const known = { id, states, byId: idsOf(places) };
  return { id, states, edges: places.flatMap((place) => edgesOf(place, known)).slice(0, MAX_EDGES) };
}

const partOf = (value: unknown): Part | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Part) : undefined;
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
const below = (path: string, name: string): string => (path === ROOT ? name : `${path}.${name}`);

/** The root first, each state before what is in it. */
function placesIn(root: Part): readonly Place[] {
  const found: Place[] = [];
  const visit = (place: Place, depth: number): void => {
    if (found.length >= MAX_STATES) return;
    found.push(place);
    if (depth >= MAX_DEPTH) return;
    for (const [name, inner] of Object.entries(partOf(place.node.states) ?? {}))
      visit({ node: partOf(inner) ?? {}, path: below(place.path, name), parent: place.path }, depth + 1);
  };
  visit({ node: root, path: ROOT, parent: null }, 0);
  return found;
}

function stateAt({ node, path, parent }: Place, places: readonly Place[]): ChartState {
  const around = places.find((place) => place.path === parent);
  const name = parent === null ? textOf(node.id) : path.slice(parent === ROOT ? 0 : parent.length + 1);
  return {
    ...{ path, name, parent },
    kind: kindOf(node),
    description: textOf(node.description),
    does: invokesOf(node).map((invoke) => textOf(invoke.src) || textOf(invoke.id)),
    children: places.filter((place) => place.parent === path).map((place) => place.path),
    isInitial: around !== undefined && initialOf(around.node) === name,
  };
}

const initialOf = (node: Part): string => textOf(node.initial) || textOf(partOf(node.initial)?.target);

function kindOf(node: Part): StateKind {
  if (node.type === 'parallel' || node.type === 'final' || node.type === 'history') return node.type;
  return Object.keys(partOf(node.states) ?? {}).length > 0 ? 'compound' : 'atomic';
}

const invokesOf = (node: Part): readonly Part[] =>
  listOf(node.invoke)
    .map(partOf)
    .filter((invoke) => invoke !== undefined);

/** States that have an id of their own can be named by it from anywhere. */
const idsOf = (places: readonly Place[]): ReadonlyMap<string, string> =>
  new Map(places.flatMap(({ node, path }) => (textOf(node.id) ? [[textOf(node.id), path] as const] : [])));

interface Known {
  readonly states: ReadonlyMap<string, ChartState>;
  readonly byId: ReadonlyMap<string, string>;
}

interface Exit {
  readonly cause: Cause;
  readonly what: string;
  readonly transitions: unknown;
}

/** Every transition of a state that leads somewhere. */
const edgesOf = (place: Place, known: Known): readonly ChartEdge[] =>
  exitsOf(place.node).flatMap(({ cause, what, transitions }) =>
    listOf(transitions).flatMap((transition) => {
      const guard = guardText(partOf(transition)?.guard);
      return targetsOf(transition, place, known).map((to) => ({ from: place.path, to, cause, what, guard }));
    }),
  );

function exitsOf(node: Part): readonly Exit[] {
  const { on, after, always, onDone } = node;
  return [
    ...Object.entries(partOf(on) ?? {}).map(([what, transitions]) => ({
      ...{ cause: 'event' as const, what, transitions },
    })),
    ...invokesOf(node).flatMap((invoke) => {
      const who = textOf(invoke.id) || textOf(invoke.src);
      return [
        { cause: 'next' as const, what: `${who} done`, transitions: invoke.onDone },
        { cause: 'fault' as const, what: `${who} error`, transitions: invoke.onError },
      ];
    }),
    { cause: 'next' as const, what: 'done', transitions: onDone },
    { cause: 'next' as const, what: '', transitions: always },
    ...Object.entries(partOf(after) ?? {}).map(([delay, transitions]) => ({
      cause: /timeout$/i.test(delay) ? ('deadline' as const) : ('pause' as const),
      what: /^\d+$/.test(delay) ? `after ${delay} ms` : `after ${delay}`,
      transitions,
    })),
  ];
}

function targetsOf(transition: unknown, place: Place, known: Known): readonly string[] {
  const named = typeof transition === 'string' ? transition : partOf(transition)?.target;
  return listOf(named).flatMap((target) => {
    const path = targetPath(textOf(target), place, known);
    return path !== undefined && known.states.has(path) ? [path] : [];
  });
}

/** `#id.a.b` from anywhere, `.a` in the state itself, `a` beside it. */
function targetPath(target: string, { path, parent }: Place, { byId }: Known): string | undefined {
  if (target === '') return undefined;
  if (target.startsWith('.')) return below(path, target.slice(1));
  if (!target.startsWith('#')) return below(parent ?? ROOT, target);
  const [id = '', ...rest] = target.slice(1).split('.');
  const start = byId.get(id);
  return start === undefined ? undefined : rest.reduce(below, start);
}

/** A condition in words, as far as the definition says it. */
const guardText = (guard: unknown): string => textOf(guard) || textOf(partOf(guard)?.type);

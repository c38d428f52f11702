import type { AnyStateMachine, StateNode } from 'xstate';

// biome-ignore lint/suspicious/noExplicitAny: machines of every shape
export type Node = StateNode<any, any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: a configuration as it was written
type Written = any;

const listOf = (value: Written): Written[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];

export function allNodes(machine: AnyStateMachine): Node[] {
  const below = (node: Node): Node[] => [
    node,
    ...Object.values(node.states as Record<string, Node>).flatMap(below),
  ];
  return below(machine.root as Node);
}

/** The invocations of one state as they were written. */
export const invokesOf = (node: Node): Written[] => listOf(node.config.invoke);

interface NamesUsed {
  readonly transitions: readonly object[];
  readonly actions: readonly string[];
  readonly guards: readonly string[];
  readonly delays: readonly string[];
}

/** Everything that one state refers to by name. */
export function namesUsed(node: Node): NamesUsed {
  const { entry, exit, always, on = {}, after = {}, onDone } = node.config as Written;
  const invoked = invokesOf(node).flatMap((invoke) => [invoke.onDone, invoke.onError, invoke.onSnapshot]);
  const written = [always, onDone, ...Object.values(on), ...Object.values(after), ...invoked].flatMap(listOf);
  const transitions = written.filter((transition) => typeof transition === 'object');
  const actions = [entry, exit, ...transitions.map((transition) => transition.actions)].flatMap(listOf);
  return {
    transitions,
    actions: actions.flatMap(nameOf),
    guards: transitions.flatMap(({ guard }) => guardNames(guard)),
    delays: Object.keys(after),
  };
}

const nameOf = (reference: Written): string[] => {
  if (typeof reference === 'string') return [reference];
  return typeof reference === 'object' && typeof reference.type === 'string' ? [reference.type] : [];
};

/** `not('a')` and `and([...])` are functions that carry what they are made of. */
const guardNames = (guard: Written): string[] => {
  if (typeof guard === 'function') return listOf(guard.guards).flatMap(guardNames);
  return listOf(guard).flatMap(nameOf);
};

/** Every delay with the milliseconds that it gives; where it depends on a count or a size, for small and large ones. */
export const delaysOf = (machine: AnyStateMachine): (readonly [string, unknown])[] =>
  Object.entries(machine.implementations.delays as Record<string, Written>).flatMap(([name, delay]) =>
    typeof delay === 'function'
      ? [0, 1, 5, 1_000].map((count) => {
          const artifacts = [{ sizeBytes: count * 2 ** 30 }];
          const context = new Proxy(
            { artifacts, failures: count },
            { get: (given, field) => Reflect.get(given, field) ?? Math.min(count, 10) },
          );
          return [name, delay({ context }, undefined)] as const;
        })
      : [[name, delay] as const],
  );

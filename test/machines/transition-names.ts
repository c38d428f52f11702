import type { AnyStateMachine, AnyTransitionDefinition, StateNode } from 'xstate';

// biome-ignore lint/suspicious/noExplicitAny: a walker takes machines of every shape
type Node = StateNode<any, any, any, any>;

const known = new WeakMap<AnyTransitionDefinition, string>();

/** A stable name of one transition: survives `provide()`, which rebuilds every state node. */
export function nameOf(transition: AnyTransitionDefinition): string {
  const name = known.get(transition) ?? nameAnew(transition);
  known.set(transition, name);
  return name;
}

function nameAnew(transition: AnyTransitionDefinition): string {
  const { source, eventType, target } = transition;
  const siblings = eventType === '' ? source.always : source.transitions.get(eventType);
  const index = siblings?.indexOf(transition as never) ?? -1;
  const to = target?.map((node) => node.id).join(' + ') ?? '(stays)';
  return `${source.id} --${eventType || 'always'}[${index}]--> ${to}`;
}

/** Every transition that a machine has, wildcard, eventless and done transitions included. */
export function allTransitions(machine: AnyStateMachine): string[] {
  const list = (node: Node): string[] => [
    ...[...node.transitions.values()].flat().map(nameOf),
    ...(node.always ?? []).map(nameOf),
    ...Object.values(node.states as Record<string, Node>).flatMap(list),
  ];
  return list(machine.root as Node);
}

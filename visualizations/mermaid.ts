import type { AnyStateMachine, AnyTransitionDefinition, StateNode } from 'xstate';
import { guardText } from './guard-text.ts';

// biome-ignore lint/suspicious/noExplicitAny: drawings are made of machines of every shape
export type Node = StateNode<any, any, any, any>;

export const childrenOf = (node: Node): Node[] => Object.values(node.states as Record<string, Node>);

const identifier = (node: Node): string => node.id.replace(/\W/g, '_');

const edgesOf = (node: Node): AnyTransitionDefinition[] => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
];

/** `xstate.done.actor.cloneVm` reads as `cloneVm done`, an `after` as its delay's name. */
export function labelOf(transition: AnyTransitionDefinition): string {
  const event = (transition.eventType || 'always')
    .replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1')
    .replace(/^xstate\.(done|error)\.actor\.(.*)$/, '$2 $1')
    .replace(/^xstate\.done\.state\..*$/, 'done');
  return transition.guard ? `${event} [${guardText(transition.guard)}]` : event;
}

/** A Mermaid `stateDiagram-v2` of the whole machine, drawn from its state nodes. */
export function toMermaid(machine: AnyStateMachine): string {
  const root = machine.root as Node;
  return ['stateDiagram-v2', ...bodyOf(root, '  '), ...transitionsOf(root, root)].join('\n');
}

function bodyOf(node: Node, indent: string): string[] {
  const lines = childrenOf(node).flatMap((child, index) => [
    ...(node.type === 'parallel' && index > 0 ? [`${indent}--`] : []),
    `${indent}state "${child.key}" as ${identifier(child)}`,
    ...nested(child, indent),
    ...(child.type === 'final' ? [`${indent}${identifier(child)} --> [*]`] : []),
  ]);
  const initial = node.type === 'compound' ? (node.initial.target?.[0] as Node | undefined) : undefined;
  return initial ? [...lines, `${indent}[*] --> ${identifier(initial)}`] : lines;
}

const nested = (node: Node, indent: string): string[] =>
  childrenOf(node).length === 0
    ? []
    : [`${indent}state ${identifier(node)} {`, ...bodyOf(node, `${indent}  `), `${indent}}`];

function transitionsOf(node: Node, root: Node): string[] {
  const own = node === root ? [] : edgesOf(node).flatMap((edge) => edgeLines(node, edge));
  return [...own, ...childrenOf(node).flatMap((child) => transitionsOf(child, root))];
}

/** What stays in its state is told in the table below the drawing: arrows to oneself hide the way. */
const edgeLines = (node: Node, edge: AnyTransitionDefinition): string[] =>
  ((edge.target ?? []) as Node[])
    .filter((target) => target !== node)
    .map((target) => `  ${identifier(node)} --> ${identifier(target)} : ${labelOf(edge)}`);

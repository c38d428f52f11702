import type { AnyActorRef, InspectionEvent } from 'xstate';
import { reference, sanitise } from './sanitise.ts';

type Seen = Extract<InspectionEvent, { type: '@xstate.actor' | '@xstate.event' | '@xstate.snapshot' }>;

/**
 * The same inspection event, about stand-ins that hold sanitised data only; `undefined` for kinds that no viewer
 * of the Stately inspector takes. So nothing else can reach the serialiser, and nothing large waits for it.
 */
export function sanitisedEvent(inspected: InspectionEvent): Seen | undefined {
  const actorRef = standIn(inspected.actorRef as AnyActorRef);
  const { rootId } = inspected;
  if (inspected.type === '@xstate.actor') return { type: inspected.type, rootId, actorRef };
  if (inspected.type === '@xstate.event')
    return {
      ...{ type: inspected.type, rootId, actorRef },
      event: sanitise(inspected.event) as never,
      sourceRef: inspected.sourceRef && standIn(inspected.sourceRef as AnyActorRef),
    };
  if (inspected.type === '@xstate.snapshot')
    return {
      ...{ type: inspected.type, rootId, actorRef },
      event: sanitise(inspected.event) as never,
      snapshot: sanitisedSnapshot(inspected.snapshot) as never,
    };
  return undefined;
}

/** As much of an actor as the inspector reads: who it is, whose child, its statechart and where it stands. */
function standIn(actor: AnyActorRef): AnyActorRef {
  const { sessionId, id } = actor;
  const { _parent: parent, logic } = actor as { _parent?: AnyActorRef; logic?: { config?: unknown } };
  return {
    ...{ sessionId, id },
    _parent: parent && { sessionId: parent.sessionId },
    // a statechart is code, not data: the same for every run
    logic: { config: statechartOf(logic?.config) },
    getSnapshot: () => snapshotOf(actor),
  } as never;
}

/** Asked for in a timer of the inspector, where an exception would end the daemon. */
function snapshotOf(actor: AnyActorRef): unknown {
  try {
    return sanitisedSnapshot(actor.getSnapshot());
  } catch {
    return { status: 'active' };
  }
}

const statechartOf = (config: unknown): unknown =>
  typeof config === 'object' && config !== null && 'states' in config ? config : undefined;

function sanitisedSnapshot(snapshot: unknown): unknown {
  const { status, value, context, output, error, tags, children } = (snapshot ?? {}) as Record<
    string,
    unknown
  >;
  const living = Object.entries((children ?? {}) as Record<string, { id?: string } | undefined>);
  return {
    status: typeof status === 'string' ? status : 'active',
    // names of states, from our own statecharts
    ...(value !== undefined && { value }),
    context: sanitise(context),
    ...(output !== undefined && { output: sanitise(output) }),
    ...(error !== undefined && { error: sanitise(error) }),
    tags: tags instanceof Set ? [...tags] : [],
    historyValue: {},
    children: Object.fromEntries(living.map(([name]) => [name, reference(name)])),
  };
}

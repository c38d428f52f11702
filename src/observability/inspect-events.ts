import type { AnyActorRef, InspectionEvent } from 'xstate';
import { jobOf } from './job-of.ts';
import { type RedactText, reference, sanitise } from './sanitise.ts';

type Clean = (value: unknown) => unknown;
type Seen = Extract<InspectionEvent, { type: '@xstate.actor' | '@xstate.event' | '@xstate.snapshot' }>;

/**
 * The same inspection event, about stand-ins that hold sanitised data only; `undefined` for kinds that no viewer
 * of the Stately inspector takes. So nothing else can reach the serialiser, and nothing large waits for it.
 */
export function sanitisedEvent(inspected: InspectionEvent, redact: RedactText): Seen | undefined {
  const job = jobOf(inspected.actorRef as AnyActorRef);
  const clean = (value: unknown) => sanitise(value, redact, job);
  const actorRef = standIn(inspected.actorRef as AnyActorRef, clean);
  const { rootId } = inspected;
  if (inspected.type === '@xstate.actor') return { type: inspected.type, rootId, actorRef };
  if (inspected.type === '@xstate.event')
    return {
      ...{ type: inspected.type, rootId, actorRef },
      event: clean(inspected.event) as never,
      sourceRef: inspected.sourceRef && standIn(inspected.sourceRef as AnyActorRef, clean),
    };
  if (inspected.type === '@xstate.snapshot')
    return {
      ...{ type: inspected.type, rootId, actorRef },
      event: clean(inspected.event) as never,
      snapshot: sanitisedSnapshot(inspected.snapshot, clean) as never,
    };
  return undefined;
}

/** As much of an actor as the inspector reads: who it is, whose child, its statechart and where it stands. */
function standIn(actor: AnyActorRef, clean: Clean): AnyActorRef {
  const { sessionId, id } = actor;
  const { _parent: parent, logic } = actor as { _parent?: AnyActorRef; logic?: { config?: unknown } };
  return {
    ...{ sessionId, id },
    _parent: parent && { sessionId: parent.sessionId },
    logic: { config: statechartOf(logic?.config) },
    getSnapshot: () => snapshotOf(actor, clean),
  } as never;
}

/** Asked for in a timer of the inspector, where an exception would end the daemon. */
function snapshotOf(actor: AnyActorRef, clean: Clean): unknown {
  try {
    return sanitisedSnapshot(actor.getSnapshot(), clean);
  } catch {
    return { status: 'active' };
  }
}

const drawn = new WeakMap<object, object>();
/** Where a statechart may hold data: nothing of it is needed to draw it. */
const DATA = new Set(['context', 'input', 'output', 'params', 'meta']);

/** The statechart as far as it is drawn; the same for every run, so it is made once. */
function statechartOf(config: unknown): object | undefined {
  if (typeof config !== 'object' || config === null || !('states' in config)) return undefined;
  if (!drawn.has(config)) drawn.set(config, withoutData(config) as object);
  return drawn.get(config);
}

function withoutData(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withoutData);
  if (typeof part !== 'object' || part === null) return part;
  const kept = Object.entries(part).filter(([name]) => !DATA.has(name));
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutData(inner)]));
}

function sanitisedSnapshot(snapshot: unknown, clean: Clean): unknown {
  const { status, value, context, output, error, tags, children } = (snapshot ?? {}) as Record<
    string,
    unknown
  >;
  const living = Object.entries((children ?? {}) as Record<string, { id?: string } | undefined>);
  return {
    status: typeof status === 'string' ? status : 'active',
    // names of states, from our own statecharts
    ...(value !== undefined && { value }),
    context: clean(context),
    ...(output !== undefined && { output: clean(output) }),
    ...(error !== undefined && { error: clean(error) }),
    tags: tags instanceof Set ? [...tags] : [],
    historyValue: {},
    children: Object.fromEntries(living.map(([name]) => [name, reference(name)])),
  };
}

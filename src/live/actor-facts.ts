import type { AnyActorRef } from 'xstate';
import { drawnStatechart } from '../observability/inspect-events.ts';
import { jobOf } from '../observability/job-of.ts';
import type { ChartActor } from './messages.ts';

/** The id of the statechart of an actor, and the statechart; undefined for an actor that has none. */
export function chartOf(actor: AnyActorRef): { readonly id: string; readonly chart: object } | undefined {
  const { logic } = actor as { logic?: { config?: { id?: unknown } } };
  const chart = drawnStatechart(logic?.config);
  const id = logic?.config?.id;
  return chart !== undefined && typeof id === 'string' ? { id, chart } : undefined;
}

/** Who an actor is, as far as that does not change. */
export function factsOf(actor: AnyActorRef, chart: string): Omit<ChartActor, 'steps'> {
  const { sessionId, id } = actor;
  const { _parent: parent } = actor as { _parent?: AnyActorRef };
  const context = contextOf(actor);
  return {
    ...{ id: sessionId, name: id, parent: parent?.sessionId ?? null, chart },
    jobId: jobOf(actor) ?? null,
    runId: textOf(context.runId),
    vm: textOf(context.name),
  };
}

/** While an actor comes about, it has no snapshot, and says so by an exception. */
function contextOf(actor: AnyActorRef): Readonly<Record<string, unknown>> {
  try {
    return (actor.getSnapshot() as { context?: Record<string, unknown> } | undefined)?.context ?? {};
  } catch {
    return {};
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

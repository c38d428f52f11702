import type { AnyActorRef } from 'xstate';
import { jobOf } from '../observability/job-of.ts';
import type { ChartActor } from './messages.ts';

/** The id of the statechart of an actor; undefined for an actor that has none. */
export function chartOf(actor: AnyActorRef): string | undefined {
  const { config } = (actor as { logic?: { config?: { id?: unknown; states?: unknown } } }).logic ?? {};
  return config?.states !== undefined && typeof config.id === 'string' ? config.id : undefined;
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

import type { AnyActorRef } from 'xstate';

/** The job that an actor works for: its own, or that of the one that invoked it. */
export function jobOf(actor: AnyActorRef): string | undefined {
  const jobId = contextOf(actor)?.jobId;
  if (typeof jobId === 'string') return jobId;
  const { _parent: parent } = actor as { _parent?: AnyActorRef };
  return parent && jobOf(parent);
}

/** While an actor comes about, it has no snapshot, and says so by an exception. */
function contextOf(actor: AnyActorRef): { readonly jobId?: unknown } | undefined {
  try {
    return (actor.getSnapshot() as { context?: object } | undefined)?.context;
  } catch {
    return undefined;
  }
}

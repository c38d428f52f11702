import type { AnyActorRef } from 'xstate';

export type Guard = (act: () => void) => void;

/** An observer that throws would wedge the actor it looks at; one in a timer would end the daemon. */
export function guardWith(onFault: (error: unknown) => void): Guard {
  const told = new Set<string>();
  return (act) => {
    try {
      act();
    } catch (error) {
      tellOnce(error, told, onFault);
    }
  };
}

const MAX_FAULTS_TOLD = 10;

function tellOnce(error: unknown, told: Set<string>, onFault: (error: unknown) => void): void {
  const text = error instanceof Error ? error.message : String(error);
  if (told.has(text) || told.size >= MAX_FAULTS_TOLD) return;
  told.add(text);
  try {
    onFault(error);
  } catch {
    // nobody is left to tell
  }
}

/** An actor and all that live below it. */
export function familyOf(actor: AnyActorRef): AnyActorRef[] {
  const { children = {} } = (actor.getSnapshot() ?? {}) as {
    children?: Record<string, AnyActorRef | undefined>;
  };
  return [actor, ...Object.values(children).flatMap((child) => (child ? familyOf(child) : []))];
}

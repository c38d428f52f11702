import { type Actor, type AnyStateMachine, type OutputFrom, toPromise } from 'xstate';

/** Starts an actor and waits for its end; aborting asks it to cancel, and what it made is undone before this settles. */
export async function untilEnds<T extends AnyStateMachine>(
  actor: Actor<T>,
  signal: AbortSignal,
): Promise<OutputFrom<T>> {
  const cancel = () => actor.send({ type: 'cancel.requested' } as Parameters<typeof actor.send>[0]);
  const ended = toPromise(actor);
  actor.start();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    return await ended;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

import type { AnyActorRef, AnyEventObject } from 'xstate';
import { jobOf } from '../observability/job-of.ts';
import { type RedactText, sanitise } from '../observability/sanitise.ts';
import type { EventLine } from './messages.ts';

/** So many of them, and so little said, that they would only hide the others. */
const UNTOLD = new Set(
  'xstate.init xstate.stop step.moved step.progressed step.logged socket.heard socket.confirmed'.split(' '),
);
/** More than any sentence needs. */
const MAX_FACTS_CHARACTERS = 2_000;

interface Heard {
  readonly event: AnyEventObject;
  readonly actor: AnyActorRef;
  /** Of the actor. */
  readonly chart: string;
  readonly atMs: number;
}

/** An event that an actor has got, as far as it may be seen; undefined for one that is not told. */
export function eventLine({ event, actor, chart, atMs }: Heard, redact: RedactText): EventLine | undefined {
  if (UNTOLD.has(event.type)) return undefined;
  const jobId = jobOf(actor) ?? (typeof event.jobId === 'string' ? event.jobId : undefined);
  const { type: _, ...facts } = sanitise(event, redact, jobId) as Record<string, unknown>;
  return {
    ...{ atMs, to: actor.sessionId, chart, jobId: jobId ?? null, type: event.type },
    facts: JSON.stringify(facts).length <= MAX_FACTS_CHARACTERS ? facts : {},
  };
}

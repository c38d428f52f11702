import { toFailure } from '../../machines/contracts/failure.ts';

/**
 * Names of fields whose texts may be seen: identifiers, states, and the sentences that the hub is told as well.
 * A field that is not named here shows numbers and truth values only, whatever a machine may one day hold.
 */
const SHOWN = new Set(
  `type actorId id runId jobId assignmentId assignmentIds requeuedJobId lastAssignedJobId attemptedWith
   name names image instance vmName folderName bundleId host user sha256Hex target appName container identity
   phase status outcome stage kind code summary reason nextStep message line why position percent
   vm runs leaked leakedVm concluded job bundle artifact failure failures conclusion note report address output
   outbox held unconfirmed letters input error`
    .split(/\s+/)
    .filter(Boolean),
);
const MAX_TEXT_CHARACTERS = 500;
const MAX_ITEMS = 100;
const MAX_DEPTH = 8;

/** A copy that holds only what may be seen, small and without ends: no actors, buffers, functions or errors. */
export function sanitise(value: unknown): unknown {
  return visible(value, true, 0);
}

function visible(value: unknown, textIsShown: boolean, depth: number): unknown {
  if (typeof value === 'string') return textIsShown ? value.slice(0, MAX_TEXT_CHARACTERS) : undefined;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return undefined;
  if (!textIsShown) return undefined;
  if (value instanceof Error) return { ...toFailure(value), name: value.name };
  if (isActor(value)) return reference(value.id);
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => visible(item, true, depth + 1));
  return isPlain(value) ? fieldsOf(value, depth) : undefined;
}

function fieldsOf(value: object, depth: number): Record<string, unknown> {
  const fields = Object.entries(value).slice(0, MAX_ITEMS);
  return Object.fromEntries(
    fields.flatMap(([name, inner]) => {
      const seen = visible(inner, SHOWN.has(name), depth + 1);
      return seen === undefined ? [] : [[name, seen]];
    }),
  );
}

/** How XState itself writes an actor into JSON. */
export const reference = (id: string) => ({ xstate$$type: 1, id });

const isActor = (value: object): value is { id: string } =>
  'sessionId' in value && 'send' in value && 'id' in value;

const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

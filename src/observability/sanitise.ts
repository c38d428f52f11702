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
   outbox held unconfirmed entries input error`
    .split(/\s+/)
    .filter(Boolean),
);
const MAX_TEXT_CHARACTERS = 500;
/** Of a longer one, this much is redacted before it is cut. */
const MAX_READ_CHARACTERS = 16 * 1024;
const MAX_ITEMS = 100;
const MAX_DEPTH = 8;

/** Those of them that people wrote for people; the others are names, codes and ids. */
const WRITTEN = new Set('summary reason nextStep message line why'.split(' '));

/** How the texts of a job are redacted; of no job, when the job is unknown. */
export type RedactText = (text: string, jobId: string | undefined) => string;

/** A copy that holds only what may be seen, small and without ends: no actors, buffers, functions or errors. */
export function sanitise(value: unknown, redact: RedactText, jobId?: string): unknown {
  return visible(value, { name: '', textIsShown: true, depth: 0, jobId, redact });
}

interface Place {
  readonly name: string;
  readonly textIsShown: boolean;
  readonly depth: number;
  /** Of the innermost object that names one. */
  readonly jobId: string | undefined;
  readonly redact: RedactText;
}

function visible(value: unknown, place: Place): unknown {
  const { textIsShown, depth } = place;
  if (typeof value === 'string') return textIsShown ? textOf(value, place) : undefined;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return undefined;
  if (!textIsShown) return undefined;
  if (value instanceof Error) return visible({ ...toFailure(value), name: value.name }, place);
  if (isActor(value)) return reference(value.id);
  if (Array.isArray(value))
    return value.slice(0, MAX_ITEMS).map((item) => visible(item, { ...place, depth: depth + 1 }));
  return isPlain(value) ? fieldsOf(value, place) : undefined;
}

const textOf = (text: string, { name, jobId, redact }: Place): string =>
  (WRITTEN.has(name) ? redact(text.slice(0, MAX_READ_CHARACTERS), jobId) : text).slice(
    0,
    MAX_TEXT_CHARACTERS,
  );

function fieldsOf(value: object, place: Place): Record<string, unknown> {
  const jobId = 'jobId' in value && typeof value.jobId === 'string' ? value.jobId : place.jobId;
  const fields = Object.entries(value).slice(0, MAX_ITEMS);
  return Object.fromEntries(
    fields.flatMap(([name, inner]) => {
      const seen = visible(inner, {
        ...place,
        name,
        jobId,
        textIsShown: SHOWN.has(name),
        depth: place.depth + 1,
      });
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

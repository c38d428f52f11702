import type { InspectionEvent } from 'xstate';
import type { AppleFacts } from './conditions.ts';

/** Ports that end well only when Apple has answered. */
const ASKS_APPLE: ReadonlySet<string> = new Set([
  ...['findSubmission', 'submitArtifact', 'seekSubmission', 'uploadArtifact'],
  ...['askVerdict', 'fetchLog', 'fetchTicket'],
  ...['findApp', 'checkGroups', 'reserveUpload', 'reserveFile', 'sendParts', 'commitFile'],
  ...['askUpload', 'findOwnBuild'],
  ...['askBuild', 'answerCompliance', 'writeNotes', 'joinGroups', 'requestReview'],
]);
const PORT_ENDED = /^xstate\.(done|error)\.actor\.([A-Za-z]+)$/;
/** Nobody has needed Apple for so long: what was then says nothing about now. */
const STALE_AFTER_MS = 60 * 60 * 1_000;
/** Nobody on this host needs Apple any more: whether it answers is no concern of the operator. */
const FORGOTTEN_AFTER_MS = 7 * 24 * 60 * 60 * 1_000;

/** How often in a row Apple did not answer the jobs of this host. */
export class AppleAnswers {
  #missed: number | null = null;
  #atMs: number;

  constructor(nowMs = Date.now()) {
    this.#atMs = nowMs;
  }

  /** For `inspect`; never throws. */
  readonly observe = (inspected: InspectionEvent, nowMs = Date.now()): void => {
    if (inspected.type !== '@xstate.event') return;
    const event: { readonly type?: unknown; readonly error?: unknown } | undefined = inspected.event;
    const [, end, port = ''] = PORT_ENDED.exec(String(event?.type)) ?? [];
    if (!ASKS_APPLE.has(port)) return;
    const isMissed = end === 'error' && codeOf(event?.error) === 'APPLE_UNAVAILABLE';
    // any other error is an answer, or none of Apple's
    if (end === 'error' && !isMissed) return;
    this.#missed = isMissed ? (this.#missed ?? 0) + 1 : 0;
    this.#atMs = nowMs;
  };

  facts(nowMs: number): AppleFacts {
    const ageMs = nowMs - this.#atMs;
    if (ageMs >= FORGOTTEN_AFTER_MS) return { missed: 0 };
    if (ageMs >= STALE_AFTER_MS) this.#missed = null;
    return { missed: this.#missed };
  }
}

const codeOf = (error: unknown): unknown =>
  (error as { readonly failure?: { readonly code?: unknown } } | null | undefined)?.failure?.code;

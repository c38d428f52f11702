import type { KnownSubmission, Verdict } from '../../machines/notarization/ports.ts';
import { type Chance, FaultyWorld, type Weather, weatherOf } from './faulty-world.ts';
import { failure } from './samples.ts';
import type { Call } from './stage.ts';

/** What chance has decided about one run before it begins. */
export interface Fate extends Weather {
  readonly verdict: Verdict;
  readonly processingMs: number;
  readonly ticketDelayMs: number;
  readonly crashAtMs: number | null;
  readonly hasExpiredGrant: boolean;
}

interface Submission {
  readonly id: string;
  readonly isExpired: boolean;
  uploadedAtMs: number | null;
}

const MINUTE = 60_000;
/** More than any deadline. */
const NEVER = 100 * 60 * MINUTE;

export function fateOf(random: Chance): Fate {
  const weather = weatherOf(random);
  const wild = <T>(percent: number, value: T, usual: T): T =>
    !weather.isMild && random(100) < percent ? value : usual;
  return {
    ...weather,
    verdict: (['accepted', 'accepted', 'invalid', 'rejected'] as const)[random(4)] ?? 'accepted',
    processingMs: wild(5, NEVER, random(random(10) === 0 ? 60 * MINUTE : 6 * MINUTE)),
    ticketDelayMs: wild(10, NEVER, random(4 * MINUTE)),
    crashAtMs: random(4) === 0 ? random(10 * MINUTE) : null,
    hasExpiredGrant: random(20) === 0,
  };
}

/** Apple, the journal and the line between, on simulated time: everything is decided by one seed. */
export class NotaryWorld extends FaultyWorld {
  readonly submissions: Submission[] = [];
  readonly journal = new Map<string, KnownSubmission>();
  /** The life ended between the arrival of the file and the journal's learning of it. */
  isAmbiguous = false;
  readonly fate = fateOf(this.random);

  get weather(): Weather {
    return this.fate;
  }

  /** A new life begins: Apple and the journal stay. */
  restart(): void {
    const uploaded = this.submissions.find(({ uploadedAtMs }) => uploadedAtMs !== null);
    const known = [...this.journal.values()][0];
    if (uploaded && !(known?.isUploaded && known.submissionId === uploaded.id)) this.isAmbiguous = true;
    this.forgetWaits();
  }

  protected localFault(port: string): string | undefined {
    const isLocal = /Submission$|stapleTicket/.test(port) && port !== 'seekSubmission';
    return isLocal ? 'NOTARY_JOURNAL_FAILED' : undefined;
  }

  protected questionOf({ port, input }: Call): string {
    return `${port} ${input.submissionId ?? ''}`;
  }

  protected serve(call: Call): () => void {
    const digest: string = call.input.artifact.sha256Hex;
    switch (call.port) {
      case 'findSubmission': {
        const known = this.journal.get(digest) ?? null;
        return () => call.answer(known);
      }
      case 'recordSubmission': {
        this.journal.set(digest, { submissionId: call.input.submissionId, isUploaded: true });
        return () => call.answer();
      }
      case 'forgetSubmission':
        this.journal.delete(digest);
        return () => call.answer();
      case 'submitArtifact':
        // what was asked before a new announcement belongs to the old one
        this.forgetWaits();
        return this.#submit(call, digest);
      case 'seekSubmission': {
        const judged = this.submissions.find((each) => this.#verdictOf(each) !== 'inProgress');
        return () => call.answer(judged ? { submissionId: judged.id } : null);
      }
      case 'uploadArtifact':
        return this.#upload(call, digest);
      case 'askVerdict': {
        const found = this.#find(call.input.submissionId);
        if (!found) return () => call.fail(failure('NOTARY_SUBMISSION_UNKNOWN', true));
        const verdict = this.#verdictOf(found);
        return () => call.answer(verdict);
      }
      case 'fetchLog':
        return () =>
          call.answer({ issues: ['error: x'], errorCount: 1, advice: '', summary: '', isForeign: false });
      case 'fetchTicket':
        return this.#hasTicket() ? () => call.answer() : () => call.fail(failure('TICKET_NOT_FOUND', true));
      default:
        return () => call.answer({ ...call.input.artifact, sha256Hex: 'stapled' });
    }
  }

  /** The port writes its journal when Apple's answer is there, unless it was given up before. */
  #submit(call: Call, digest: string): () => void {
    const isFirst = this.submissions.length === 0;
    const id = `submission-${this.submissions.length + 1}`;
    this.submissions.push({ id, isExpired: isFirst && this.fate.hasExpiredGrant, uploadedAtMs: null });
    return () => {
      if (call.isOpen) this.journal.set(digest, { submissionId: id, isUploaded: false });
      call.answer({ submissionId: id });
    };
  }

  /** A slow file: a piece arrives every minute; the line is alive all the time. */
  #upload(call: Call, digest: string): () => void {
    const submission = this.#find(call.input.submissionId);
    if (this.journal.get(digest)?.submissionId !== call.input.submissionId)
      this.wrongs.push('the file was uploaded before its submission was in the journal');
    if (!submission || submission.isExpired) return () => call.fail(failure('NOTARY_UPLOAD_EXPIRED', true));
    submission.uploadedAtMs ??= this.nowMs;
    const pieces = this.random(12);
    return () => {
      for (let piece = 1; piece <= pieces; piece += 1)
        this.later(piece * MINUTE, () => call.say({ type: 'upload.progressed', sentBytes: piece }));
      this.later(pieces * MINUTE + 1, () => call.answer());
    };
  }

  #find = (id: string): Submission | undefined => this.submissions.find((each) => each.id === id);

  #verdictOf({ uploadedAtMs }: Submission): Verdict | 'inProgress' {
    const isOver = uploadedAtMs !== null && this.nowMs >= uploadedAtMs + this.fate.processingMs;
    return isOver ? this.fate.verdict : 'inProgress';
  }

  #hasTicket(): boolean {
    const readyMs = this.submissions
      .filter(({ uploadedAtMs }) => uploadedAtMs !== null)
      .map(({ uploadedAtMs }) => (uploadedAtMs ?? 0) + this.fate.processingMs + this.fate.ticketDelayMs);
    return this.fate.verdict === 'accepted' && readyMs.some((ms) => this.nowMs >= ms);
  }

  get uploads(): readonly Submission[] {
    return this.submissions.filter(({ uploadedAtMs }) => uploadedAtMs !== null);
  }
}

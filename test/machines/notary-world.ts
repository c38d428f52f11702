import type { KnownSubmission, Verdict } from '../../machines/notarization/ports.ts';
import { seededNumbers } from '../helpers/signed-bundles.ts';
import { failure } from './samples.ts';
import type { Call, Stage } from './stage.ts';

/** What chance has decided about one run before it begins. */
export interface Fate {
  /** Nothing in it keeps a patient client from the true outcome. */
  readonly isMild: boolean;
  /** Of a hundred calls, so many go wrong. */
  readonly faultPercent: number;
  readonly verdict: Verdict;
  readonly processingMs: number;
  readonly ticketDelayMs: number;
  readonly crashAtMs: number | null;
  readonly cancelAtMs: number | null;
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
/** In a mild world, nobody meets more faults in a row than this. */
const MILD_STREAK = 3;

export function fateOf(random: (below: number) => number): Fate {
  const isMild = random(2) === 0;
  const wild = <T>(percent: number, value: T, usual: T): T =>
    !isMild && random(100) < percent ? value : usual;
  return {
    isMild,
    faultPercent: isMild ? random(30) : random(80),
    verdict: (['accepted', 'accepted', 'invalid', 'rejected'] as const)[random(4)] ?? 'accepted',
    processingMs: wild(5, NEVER, random(random(10) === 0 ? 60 * MINUTE : 6 * MINUTE)),
    ticketDelayMs: wild(10, NEVER, random(4 * MINUTE)),
    crashAtMs: random(4) === 0 ? random(10 * MINUTE) : null,
    cancelAtMs: random(8) === 0 ? random(10 * MINUTE) : null,
    hasExpiredGrant: random(20) === 0,
  };
}

/** Apple, the journal and the line between, on simulated time: everything is decided by one seed. */
export class NotaryWorld {
  readonly submissions: Submission[] = [];
  readonly journal = new Map<string, KnownSubmission>();
  /** What must never happen and did. */
  readonly wrongs: string[] = [];
  /** A fault that no patience helps against was met. */
  isHopeless = false;
  /** The life ended between the arrival of the file and the journal's learning of it. */
  isAmbiguous = false;
  readonly fate: Fate;
  readonly #random: (below: number) => number;
  readonly #streaks = new Map<string, number>();
  readonly #notBefore = new Map<string, number>();
  readonly #stage: Stage;
  readonly #beganMs: number;

  constructor(seed: number, stage: Stage) {
    this.#random = seededNumbers(seed);
    this.fate = fateOf(this.#random);
    this.#stage = stage;
    this.#beganMs = stage.clock.nowMs;
  }

  /** Since the world began. */
  get elapsedMs(): number {
    return this.#stage.clock.nowMs - this.#beganMs;
  }

  /** A new life begins: Apple and the journal stay, what the old one was asked to wait died with it. */
  restart(): void {
    const uploaded = this.submissions.find(({ uploadedAtMs }) => uploadedAtMs !== null);
    const known = [...this.journal.values()][0];
    if (uploaded && !(known?.isUploaded && known.submissionId === uploaded.id)) this.isAmbiguous = true;
    this.#notBefore.clear();
  }

  /** Decides about a call that was just made, and lets it end later, or never. */
  meet(call: Call): void {
    this.#checkPatience(call);
    const fault = this.#faultFor(call.port);
    const latencyMs = 1 + this.#random(2_000);
    if (fault === 'hung' || fault === 'lost' || fault === undefined) {
      const answer = this.#serve(call);
      if (fault === undefined) this.#later(latencyMs, answer);
      if (fault === 'lost') this.#later(latencyMs, () => this.#fail(call, 'APPLE_UNAVAILABLE'));
      return;
    }
    this.#later(latencyMs, () => this.#fail(call, fault));
  }

  #later(ms: number, act: () => void): void {
    this.#stage.clock.setTimeout(act, ms);
  }

  #faultFor(port: string): string | undefined {
    const streak = this.#streaks.get(port) ?? 0;
    const mayFail = !this.fate.isMild || streak < MILD_STREAK;
    const isLocal = /Submission$|stapleTicket/.test(port) && port !== 'seekSubmission';
    const percent = isLocal ? (this.fate.isMild ? 0 : 1) : mayFail ? this.fate.faultPercent : 0;
    if (this.#random(100) >= percent) {
      this.#streaks.set(port, 0);
      return undefined;
    }
    this.#streaks.set(port, streak + 1);
    if (isLocal) return this.#hopeless('NOTARY_JOURNAL_FAILED');
    if (!this.fate.isMild && this.#random(40) === 0) return this.#hopeless('APPLE_AUTH_REFUSED');
    return ['APPLE_UNAVAILABLE', 'APPLE_ANSWER_INVALID', 'later', 'hung', 'lost'][this.#random(5)];
  }

  #hopeless(code: string): string {
    this.isHopeless = true;
    return code;
  }

  #fail(call: Call, code: string): void {
    const retryAfterMs = this.#random(90_000);
    const isLater = code === 'later';
    if (isLater && call.isOpen) this.#notBefore.set(questionOf(call), this.#stage.clock.nowMs + retryAfterMs);
    const plain = failure(isLater ? 'APPLE_UNAVAILABLE' : code, isLater || /^APPLE_(UN|ANSWER)/.test(code));
    call.fail(isLater ? { ...plain, retryAfterMs } : plain);
  }

  #checkPatience(call: Call): void {
    const question = questionOf(call);
    const notBefore = this.#notBefore.get(question) ?? 0;
    this.#notBefore.delete(question);
    // what was asked before a new announcement belongs to the old one
    if (call.port === 'submitArtifact') this.#notBefore.clear();
    if (this.#stage.clock.nowMs < notBefore)
      this.wrongs.push(`${question} was repeated before Apple allowed it`);
  }

  /** What happens at the other end, now; returns how the answer is given. */
  #serve(call: Call): () => void {
    const digest: string = call.input.artifact.sha256Hex;
    switch (call.port) {
      case 'findSubmission': {
        const known = this.journal.get(digest) ?? null;
        return () => call.answer(known);
      }
      case 'recordSubmission': {
        const { submissionId, phase } = call.input;
        this.journal.set(digest, { submissionId, isUploaded: phase !== 'announced' });
        return () => call.answer();
      }
      case 'forgetSubmission':
        this.journal.delete(digest);
        return () => call.answer();
      case 'submitArtifact':
        return this.#submit(call);
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

  #submit(call: Call): () => void {
    const isFirst = this.submissions.length === 0;
    const id = `submission-${this.submissions.length + 1}`;
    this.submissions.push({ id, isExpired: isFirst && this.fate.hasExpiredGrant, uploadedAtMs: null });
    return () => call.answer({ submissionId: id });
  }

  /** A slow file: a piece arrives every minute; the line is alive all the time. */
  #upload(call: Call, digest: string): () => void {
    const submission = this.#find(call.input.submissionId);
    if (this.journal.get(digest)?.submissionId !== call.input.submissionId)
      this.wrongs.push('the file was uploaded before its submission was in the journal');
    if (!submission || submission.isExpired) return () => call.fail(failure('NOTARY_UPLOAD_EXPIRED', true));
    submission.uploadedAtMs ??= this.#stage.clock.nowMs;
    const pieces = this.#random(12);
    return () => {
      for (let piece = 1; piece <= pieces; piece += 1)
        this.#later(piece * MINUTE, () => call.say({ type: 'upload.progressed', sentBytes: piece }));
      this.#later(pieces * MINUTE + 1, () => call.answer());
    };
  }

  #find = (id: string): Submission | undefined => this.submissions.find((each) => each.id === id);

  #verdictOf({ uploadedAtMs }: Submission): Verdict | 'inProgress' {
    const isOver = uploadedAtMs !== null && this.#stage.clock.nowMs >= uploadedAtMs + this.fate.processingMs;
    return isOver ? this.fate.verdict : 'inProgress';
  }

  #hasTicket(): boolean {
    const readyMs = this.submissions
      .filter(({ uploadedAtMs }) => uploadedAtMs !== null)
      .map(({ uploadedAtMs }) => (uploadedAtMs ?? 0) + this.fate.processingMs + this.fate.ticketDelayMs);
    return this.fate.verdict === 'accepted' && readyMs.some((ms) => this.#stage.clock.nowMs >= ms);
  }

  get uploads(): readonly Submission[] {
    return this.submissions.filter(({ uploadedAtMs }) => uploadedAtMs !== null);
  }
}

/** The same question about the same submission. */
const questionOf = ({ port, input }: Call): string => `${port} ${input.submissionId ?? ''}`;

import { seededNumbers } from '../helpers/signed-bundles.ts';
import { failure } from './samples.ts';
import type { Call, Stage } from './stage.ts';

/** How badly a world behaves. */
export interface Weather {
  /** Nothing in it keeps a patient client from the true outcome. */
  readonly isMild: boolean;
  /** Of a hundred calls, so many go wrong. */
  readonly faultPercent: number;
}

/** Chance between 0 and `below` - 1. */
export type Chance = (below: number) => number;

/** In a mild world, nobody meets more faults in a row than this. */
const MILD_STREAK = 3;

export function weatherOf(random: Chance): Weather {
  const isMild = random(2) === 0;
  return { isMild, faultPercent: isMild ? random(30) : random(80) };
}

/**
 * The other side of a machine's ports on simulated time, and the line between, which loses, delays and refuses: all
 * of it decided by one seed.
 */
export abstract class FaultyWorld {
  /** What must never happen and did. */
  readonly wrongs: string[] = [];
  /** A fault that no patience helps against was met. */
  isHopeless = false;
  protected readonly random: Chance;
  readonly #stage: Stage;
  readonly #beganMs: number;
  readonly #streaks = new Map<string, number>();
  readonly #notBefore = new Map<string, number>();

  constructor(seed: number, stage: Stage) {
    this.random = seededNumbers(seed);
    this.#stage = stage;
    this.#beganMs = stage.clock.nowMs;
  }

  abstract readonly weather: Weather;
  /** A port whose other side is a disk of ours; the code is that of its fault. */
  protected abstract localFault(port: string): string | undefined;
  /** The same question about the same thing. */
  protected abstract questionOf(call: Call): string;
  /** What happens at the other end, now; returns how the answer is given. */
  protected abstract serve(call: Call): () => void;

  protected get nowMs(): number {
    return this.#stage.clock.nowMs;
  }

  /** Since the world began. */
  get elapsedMs(): number {
    return this.nowMs - this.#beganMs;
  }

  /** What the life before was asked to wait died with it. */
  protected forgetWaits(): void {
    this.#notBefore.clear();
  }

  /** Decides about a call that was just made, and lets it end later, or never. */
  meet(call: Call): void {
    this.#checkPatience(call);
    const fault = this.#faultFor(call.port);
    const latencyMs = 1 + this.random(2_000);
    if (fault === 'hung' || fault === 'lost' || fault === undefined) {
      const answer = this.serve(call);
      if (fault === undefined) this.later(latencyMs, answer);
      if (fault === 'lost') this.later(latencyMs, () => this.#fail(call, 'APPLE_UNAVAILABLE'));
      return;
    }
    this.later(latencyMs, () => this.#fail(call, fault));
  }

  protected later(ms: number, act: () => void): void {
    this.#stage.clock.setTimeout(act, ms);
  }

  #faultFor(port: string): string | undefined {
    const { isMild, faultPercent } = this.weather;
    const streak = this.#streaks.get(port) ?? 0;
    const mayFail = !isMild || streak < MILD_STREAK;
    const local = this.localFault(port);
    const percent = local ? (isMild ? 0 : 1) : mayFail ? faultPercent : 0;
    if (this.random(100) >= percent) {
      this.#streaks.set(port, 0);
      return undefined;
    }
    this.#streaks.set(port, streak + 1);
    if (local) return this.#hopeless(local);
    if (!isMild && this.random(40) === 0) return this.#hopeless('APPLE_AUTH_REFUSED');
    return ['APPLE_UNAVAILABLE', 'APPLE_ANSWER_INVALID', 'later', 'hung', 'lost'][this.random(5)];
  }

  #hopeless(code: string): string {
    this.isHopeless = true;
    return code;
  }

  #fail(call: Call, code: string): void {
    const retryAfterMs = this.random(90_000);
    const isLater = code === 'later';
    if (isLater && call.isOpen) this.#notBefore.set(this.questionOf(call), this.nowMs + retryAfterMs);
    const plain = failure(isLater ? 'APPLE_UNAVAILABLE' : code, isLater || /^APPLE_(UN|ANSWER)/.test(code));
    call.fail(isLater ? { ...plain, retryAfterMs } : plain);
  }

  #checkPatience(call: Call): void {
    const question = this.questionOf(call);
    const notBefore = this.#notBefore.get(question) ?? 0;
    this.#notBefore.delete(question);
    if (this.nowMs < notBefore) this.wrongs.push(`${question} was repeated before Apple allowed it`);
  }
}

import type { InspectionEvent } from 'xstate';
import type { UsedCredential } from '../../machines/contracts/job.ts';
import type { ExpiryFacts } from './conditions.ts';

const WARN_BEFORE_MS = 14 * 24 * 60 * 60 * 1_000;
/** An app that was not signed for so long may be signed no more. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000;
const MOST_KEPT = 500;

/** Of more that expire, those that do last are not remembered. */
export const MOST_REMEMBERED = 50;

export interface KeptExpiry extends ExpiryFacts {
  /** When a job used it last. */
  readonly atMs: number;
}

/** When what jobs signed with expires: of each the newest. */
export class Expiries {
  readonly #kept = new Map<string, KeptExpiry>();

  /** @param before - what `expiring` of the process before this one had */
  constructor(before: readonly KeptExpiry[] = []) {
    for (const each of before) this.#kept.set(each.name, each);
  }

  /** For `inspect`: what the check of a job before it is signed has found; never throws. */
  readonly observe = (inspected: InspectionEvent, nowMs = Date.now()): void => {
    if (inspected.type !== '@xstate.event') return;
    const event: { readonly type?: unknown; readonly output?: unknown } | undefined = inspected.event;
    if (event?.type !== 'xstate.done.actor.checkCredentials') return;
    const { used } = (event.output ?? {}) as { readonly used?: readonly UsedCredential[] };
    for (const each of Array.isArray(used) ? used : []) this.add(each, nowMs);
  };

  add({ kind, name: title, expiresAtMs }: UsedCredential, atMs: number): void {
    const name = `the ${kind} "${title}"`;
    // the new one has the name of the one before it
    this.#kept.delete(name);
    this.#kept.set(name, { name, expiresAtMs, atMs });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  facts(nowMs: number): readonly ExpiryFacts[] {
    return this.#expiring(nowMs).map(({ name, expiresAtMs }) => ({ name, expiresAtMs }));
  }

  /** For the next process, which knows nothing of it before a job uses it again. */
  expiring(nowMs: number): readonly KeptExpiry[] {
    return this.#expiring(nowMs).slice(0, MOST_REMEMBERED);
  }

  #expiring(nowMs: number): readonly KeptExpiry[] {
    for (const [key, { atMs }] of this.#kept) if (nowMs - atMs >= KEPT_MS) this.#kept.delete(key);
    return [...this.#kept.values()]
      .filter(({ expiresAtMs }) => expiresAtMs - nowMs < WARN_BEFORE_MS)
      .sort((a, b) => a.expiresAtMs - b.expiresAtMs);
  }
}

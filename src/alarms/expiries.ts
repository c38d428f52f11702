import type { InspectionEvent } from 'xstate';
import type { UsedCredential } from '../../machines/contracts/job.ts';
import type { ExpiryFacts } from './conditions.ts';

const WARN_BEFORE_MS = 14 * 24 * 60 * 60 * 1_000;
/** An app that was not signed for so long may be signed no more. */
const KEPT_MS = 7 * 24 * 60 * 60 * 1_000;
const MOST_KEPT = 500;

/** When what jobs signed with expires: of each the newest. */
export class Expiries {
  readonly #kept = new Map<string, ExpiryFacts & { readonly atMs: number }>();

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
    for (const [key, { atMs }] of this.#kept) if (nowMs - atMs >= KEPT_MS) this.#kept.delete(key);
    return [...this.#kept.values()]
      .filter(({ expiresAtMs }) => expiresAtMs - nowMs < WARN_BEFORE_MS)
      .sort((a, b) => a.expiresAtMs - b.expiresAtMs)
      .map(({ name, expiresAtMs }) => ({ name, expiresAtMs }));
  }
}

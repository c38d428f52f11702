/** What the daemon said to a wish: undefined when it does as it was asked. */
export interface Refusal {
  readonly summary: string;
  readonly nextStep: string;
}

const UNREACHED: Refusal = {
  summary: 'The daemon could not be asked.',
  nextStep: 'See whether it runs, and try again.',
};

/** Asks the daemon for something, e.g. `drain` or `jobs/17/cancel`. Pages of other sites cannot send this header. */
export async function wish(path: string): Promise<Refusal | undefined> {
  try {
    const answer = await fetch(`/api/${path}`, { method: 'POST', headers: { 'x-perry-ship': 'page' } });
    if (answer.ok) return undefined;
    return refusalIn(await answer.json().catch(() => undefined)) ?? UNREACHED;
  } catch {
    return UNREACHED;
  }
}

function refusalIn(said: unknown): Refusal | undefined {
  const { failure } = (said ?? {}) as { failure?: Partial<Refusal> };
  if (typeof failure?.summary !== 'string') return undefined;
  return { summary: failure.summary, nextStep: failure.nextStep ?? '' };
}

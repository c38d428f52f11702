/** What a process that was killed had asked for is there by then, however slowly the controller has answered it. */
const SETTLED_AFTER_MS = 5 * 60_000;
/** Many more than machines of ours can be there at a time: those that are there are never forgotten. */
const MOST_NAMES = 4_096;

/**
 * Finds another daemon that has our identity, because its state directory is a copy of ours: each takes the machines of
 * the other one for its own, and destroys them when it starts.
 */
export interface Namesakes {
  /** This process asks for a machine of that name. */
  expect(name: string): void;
  /**
   * @param names - of all machines of our identity that are there now
   * @returns those that this process has not asked for, and that came long after it began; each once
   */
  strangersAmong(names: readonly string[]): readonly string[];
}

export function createNamesakes(nowMs: () => number = () => performance.now()): Namesakes {
  const known = new Set<string>();
  let beganAtMs: number | undefined;
  /** As the latest: those that were not heard of for longest are forgotten first. */
  const keep = (name: string): void => {
    known.delete(name);
    known.add(name);
    for (const oldest of known) {
      if (known.size <= MOST_NAMES) return;
      known.delete(oldest);
    }
  };
  return {
    expect: keep,
    strangersAmong: (names) => {
      beganAtMs ??= nowMs();
      const unknown = names.filter((name) => !known.has(name));
      for (const name of names) keep(name);
      return nowMs() - beganAtMs < SETTLED_AFTER_MS ? [] : unknown;
    },
  };
}

export const NAMESAKE =
  'another daemon has the identity of this one, because its state directory is a copy: each destroys the machines of the other when it starts';
export const NAMESAKE_NEXT_STEP =
  'Find the other host, stop perry-ship there, and start it again with an empty PERRY_STATE_DIR.';

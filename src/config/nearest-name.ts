import { closest, distance } from 'fastest-levenshtein';

/** Two letters swapped, one too many, one missing: more is another word. */
const MAX_EDITS = 3;

/** The known name that was probably meant: at most three edits, and a third of its length, away. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > MAX_NAME_CHARACTERS) return undefined;
  const candidate = closest(name, known);
  const maxEdits = Math.min(MAX_EDITS, Math.ceil(candidate.length / 3));
  return distance(name, candidate) <= maxEdits ? candidate : undefined;
}

const MAX_NAME_CHARACTERS = 200;

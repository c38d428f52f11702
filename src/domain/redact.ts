/** Shorter texts are not replaced: they would blank ordinary words, and protect nothing. */
const MIN_SECRET_CHARACTERS = 6;
const MASK = '[redacted]';

/** Replaces every secret that is known at the moment of the call. */
export interface Redactor {
  /** `owner` groups secrets, so that all of one run's are forgotten at once. */
  add(owner: string, secrets: readonly string[]): void;
  forget(owner: string): void;
  readonly redact: (text: string) => string;
}

/**
 * A secret also hides in the forms in which tools print it: its single lines (PEM), and percent- or JSON-encoded.
 */
export function createRedactor(): Redactor {
  const byOwner = new Map<string, readonly string[]>();
  return {
    add: (owner, secrets) => {
      byOwner.set(owner, [...(byOwner.get(owner) ?? []), ...secrets.flatMap(formsOf)]);
    },
    forget: (owner) => void byOwner.delete(owner),
    redact: (text) => {
      const known = [...byOwner.values()].flat().sort((a, b) => b.length - a.length);
      return known.reduce((clean, secret) => clean.replaceAll(secret, MASK), text);
    },
  };
}

function formsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).filter((line) => !line.startsWith('-----'));
  const forms = [secret, ...lines].flatMap((text) => [
    text,
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
  ]);
  return [...new Set(forms)].filter((form) => form.length >= MIN_SECRET_CHARACTERS);
}

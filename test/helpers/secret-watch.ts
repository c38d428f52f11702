import { readFile } from 'node:fs/promises';
import type { JobSubmission } from '../../src/embedded-hub/embedded-hub.ts';
import { filesBelow } from './leak-check.ts';

/** Looks for secrets wherever it is shown something, and remembers the places, never the secrets. */
export interface SecretWatch {
  /** Names of secrets and places where they were seen. */
  readonly findings: readonly string[];
  add(name: string, secret: string): void;
  look(place: string, text: string): void;
  lookInFiles(place: string, folder: string): Promise<void>;
}

/** Of a long secret, such as a file in base64, any piece of this length counts. */
const PIECE_CHARACTERS = 48;

export function watchSecrets(): SecretWatch {
  const secrets = new Map<string, string>();
  const findings = new Set<string>();
  const look = (place: string, text: string) => {
    for (const [piece, name] of secrets) if (text.includes(piece)) findings.add(`${name} in ${place}`);
  };
  return {
    get findings() {
      return [...findings];
    },
    add: (name, secret) => {
      for (const piece of piecesOf(secret)) secrets.set(piece, name);
    },
    look,
    lookInFiles: async (place, folder) => {
      for (const path of await filesBelow(folder))
        look(`${place}: ${path.slice(folder.length)}`, await readFile(path, 'latin1').catch(() => ''));
    },
  };
}

/** Three places of a long text are enough to recognise it. */
function piecesOf(secret: string): string[] {
  if (secret.length <= PIECE_CHARACTERS * 3) return [secret];
  return [0.1, 0.5, 0.8].map((share) => {
    const at = Math.floor(secret.length * share);
    return secret.slice(at, at + PIECE_CHARACTERS);
  });
}

/** Anything as a text in which a secret would be seen; errors with everything that hangs on them. */
export const asText = (value: unknown): string => {
  const seen = new WeakSet<object>();
  return (
    JSON.stringify(value, (_key, item: unknown) => {
      if (typeof item !== 'object' || item === null) return item;
      if (seen.has(item)) return '(seen)';
      seen.add(item);
      if (item instanceof Error)
        return { ...item, name: item.name, message: item.message, stack: item.stack, cause: item.cause };
      if (item instanceof Uint8Array) return Buffer.from(item).toString('base64');
      if (item instanceof Map || item instanceof Set) return [...item];
      return item;
    }) ?? ''
  );
};

/** Makes every secret of these credentials one to look for. */
export function watchCredentials(secrets: SecretWatch, { credentials }: JobSubmission): void {
  for (const [name, value] of Object.entries(credentials ?? {}))
    if (typeof value === 'string' && isSecret(name)) secrets.add(name, value);
}

const isSecret = (name: string): boolean => /password|p12|p8/.test(name);

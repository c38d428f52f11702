import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  makeThrowawayIdentity,
  type ThrowawayIdentity,
  type ThrowawayIdentityOptions,
} from '../../src/demo/throwaway-identity.ts';

/** A folder that `setup/shared-folder.ts` makes for one run of the tests. */
const folder = process.env.SHARED_BY_TESTS;

/**
 * The identity of that name, made by whichever file of tests needs it first: its two keys take half a second of a
 * processor. Files that run at the same time may both make it; then the later one stays, and each has a whole one.
 */
export function sharedIdentity(options: ThrowawayIdentityOptions): ThrowawayIdentity {
  if (folder === undefined) return makeThrowawayIdentity(options);
  const digest = createHash('sha256').update(JSON.stringify(options)).digest('hex');
  const path = join(folder, `identity-${digest}`);
  const known = readIdentity(path);
  if (known) return known;
  const made = makeThrowawayIdentity(options);
  const beside = `${path}.${randomUUID()}`;
  writeFileSync(beside, JSON.stringify(made));
  renameSync(beside, path);
  return made;
}

type Written = { readonly [Name in keyof ThrowawayIdentity]: string | { readonly data: number[] } };

function readIdentity(path: string): ThrowawayIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const entries = Object.entries(JSON.parse(text) as Written);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? value : Buffer.from(value.data)]),
  ) as unknown as ThrowawayIdentity;
}

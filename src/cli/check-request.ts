import { open } from 'node:fs/promises';
import type { PlistDict } from '../domain/plist/index.ts';
import { parsePlistDict } from '../domain/plist/index.ts';
import { type Finding, findingOf, type PreflightInput } from '../preflight/index.ts';
import type { CheckFlags } from './check.ts';

/** One more than the readers of these files take: they say themselves what is too much. */
const MAX_BYTES = 1024 * 1024 + 1;
const MAX_PLIST_BYTES = 4 * 1024 * 1024 + 1;
const TEAM_FORM = /^[A-Z0-9]{10}$/;

/** What was asked cannot be answered, whatever the bundle is. */
export class CheckUsageError extends Error {}

export interface CheckRequest extends Pick<PreflightInput, 'distribution' | 'credentials' | 'wishes'> {
  /** Files that are there, and are not what they should be. */
  readonly unreadable: readonly Finding[];
}

/** Reads the files that the flags name. @throws CheckUsageError */
export async function readRequest(flags: CheckFlags): Promise<CheckRequest> {
  const { teamId, distribute: distribution = 'package' } = flags;
  if (teamId !== undefined && !TEAM_FORM.test(teamId))
    throw new CheckUsageError('--team-id must be 10 capital letters and digits');
  const password = await passwordOf(flags);
  const p12 = await fileOf('--p12', flags.p12);
  const notarize = await fileOf('--notarize-p12', flags.notarizeP12);
  const installer = await fileOf('--installer-p12', flags.installerP12);
  const profile = await fileOf('--profile', flags.profile);
  const { explicit, unreadable } = await entitlementsOf(flags);
  const hasCredentials = [p12, notarize, installer, profile, teamId, flags.entitlements].some(
    (one) => one !== undefined,
  );
  const credentials = {
    ...(p12 && { main: { p12, password } }),
    ...(notarize && { notarize: { p12: notarize, password } }),
    ...(installer && { installer: { p12: installer, password } }),
    ...(profile && { profile }),
    ...(teamId !== undefined && { teamId }),
  };
  return {
    distribution,
    ...(hasCredentials && { credentials }),
    ...(explicit && { wishes: { explicitEntitlements: explicit } }),
    unreadable,
  };
}

/** A newline at the end comes from the editor. */
async function passwordOf({ p12PasswordFile }: CheckFlags): Promise<string> {
  const bytes = await fileOf('--p12-password-file', p12PasswordFile);
  return bytes?.toString('utf8').replace(/\r?\n$/, '') ?? '';
}

async function entitlementsOf({
  entitlements,
}: CheckFlags): Promise<{ explicit?: PlistDict; unreadable: Finding[] }> {
  const bytes = await fileOf('--entitlements', entitlements, MAX_PLIST_BYTES);
  if (!bytes) return { unreadable: [] };
  try {
    return { explicit: parsePlistDict(bytes, { name: 'entitlements' }), unreadable: [] };
  } catch (thrown) {
    return { unreadable: [findingOf(thrown)] };
  }
}

async function fileOf(
  flag: string,
  path: string | undefined,
  maxBytes = MAX_BYTES,
): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
      return Buffer.from(buffer.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new CheckUsageError(`the file of ${flag} cannot be read: ${path}`, { cause });
  }
}

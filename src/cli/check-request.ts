import { type Credentials, parseCredentials, summarizeCredentials } from '../domain/credentials/index.ts';
import { parseManifest } from '../domain/manifest/index.ts';
import { draftPlan, missingCredentials } from '../domain/plan.ts';
import { ShipError } from '../errors.ts';
import { newDict, type PlistDict } from '../formats/plist/index.ts';
import { type Finding, findingOf, type PlannedJob } from '../preflight/index.ts';
import {
  type BundleInfo,
  credentialsOf,
  manifestOf,
  readEntitlements,
  refuseContradictions,
  requireProfile,
  type SignFlags,
} from './sign-request.ts';

/** What was given with the bundle. */
export interface CheckRequest {
  readonly credentials: Credentials;
  readonly entitlements?: PlistDict;
  /** Nothing to sign with: the bundle itself is asked about, and what it would need is only mentioned. */
  readonly isBundleAlone: boolean;
  /** Not even a team or entitlements. */
  readonly isBare: boolean;
  /** What is there, and not what it should be. */
  readonly unreadable: readonly Finding[];
}

/** Reads the files that the flags name, as for signing. @throws ShipError COMMAND_USAGE_WRONG */
export async function readRequest(flags: SignFlags, signal: AbortSignal): Promise<CheckRequest> {
  const unreadable: Finding[] = [];
  const given = await credentialsOf(flags, signal);
  const credentials = await orFinding(unreadable, () => parseCredentials(given));
  await orFinding(unreadable, () => requireProfile(flags));
  const entitlements = await orFinding(unreadable, () => readEntitlements(flags));
  return {
    credentials: credentials ?? {},
    ...(entitlements && { entitlements }),
    isBundleAlone: Object.keys(given).every((key) => key === 'apple_team_id'),
    isBare: Object.keys(given).length === 0 && flags.entitlements === undefined,
    unreadable,
  };
}

/** The job that signing would make of it, and what that lacks. */
export async function planRequest(
  bundle: string,
  info: { readonly target: BundleInfo['target']; readonly info?: PlistDict },
  { credentials, isBundleAlone }: CheckRequest,
  flags: SignFlags,
): Promise<{ readonly job?: PlannedJob; readonly findings: readonly Finding[] }> {
  refuseContradictions(info.target, flags);
  const findings: Finding[] = [];
  const bundleInfo = { target: info.target, info: info.info ?? newDict() };
  const manifest = await orFinding(findings, () => parseManifest(manifestOf(bundle, bundleInfo, flags)));
  if (!manifest) return { findings };
  const summary = summarizeCredentials(credentials);
  const plan = draftPlan(manifest, summary);
  const severity = isBundleAlone ? 'warning' : 'error';
  const missing = missingCredentials(plan, summary).map((lack) => findingOf(lack, severity));
  return { job: { plan, manifest, credentials }, findings: missing };
}

async function orFinding<T>(findings: Finding[], read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    if (!(thrown instanceof ShipError) || thrown.code === 'COMMAND_USAGE_WRONG') throw thrown;
    findings.push(findingOf(thrown));
    return undefined;
  }
}

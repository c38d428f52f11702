import { type Credentials, parseCredentials } from '../domain/credentials/index.ts';
import { summarizeCredentials } from '../domain/credentials/summarize.ts';
import { localManifest, parseManifest } from '../domain/manifest/index.ts';
import { draftPlan, missingCredentials } from '../domain/plan.ts';
import { ShipError } from '../errors.ts';
import { newDict, type PlistDict } from '../formats/plist/index.ts';
import {
  type Finding,
  findingOf,
  inOrder,
  type PlannedJob,
  type PreflightInput,
  type PreflightTarget,
  plannedInput,
  preflight,
} from '../preflight/index.ts';
import type { CheckCall } from '../run/channel/inquiries.ts';
import { namesIn } from './bundle-names.ts';
import { entitlementsIn, requireProfile } from './signing-files.ts';
import { type SurveyedBundle, surveyArgument } from './survey-argument.ts';

/** What was given with the bundle. */
interface Given {
  readonly credentials: Credentials;
  readonly entitlements?: PlistDict;
  /** What is there, and not what it should be. */
  readonly unreadable: readonly Finding[];
}

/** The pre-flight of one bundle: everything that stands against it, in order. */
export async function checkBundle(
  call: CheckCall,
  signal: AbortSignal,
): Promise<{ target: PreflightTarget; findings: readonly Finding[] }> {
  process.env.TMPDIR = call.scratchDir;
  const given = readGiven(call);
  const surveyed = await surveyArgument(call, signal);
  const { survey, target } = surveyed;
  const planned = planRequest(call, surveyed, given);
  const { entitlements } = given;
  const trustRoots = call.trustRootsBase64.map((root) => Buffer.from(root, 'base64'));
  const now = new Date();
  const around = { survey, ...(entitlements && { entitlements }), trustRoots, now };
  const input: PreflightInput = planned.job
    ? plannedInput(planned.job, around)
    : { survey, trustRoots, now, target, distribution: call.wishes.distribute ?? 'package' };
  const { credentials: _, ...ofBundle } = input;
  const isBare = Object.keys(call.credentials).length === 0 && call.entitlementsBase64 === undefined;
  const findings = preflight(isBare ? ofBundle : input);
  return { target, findings: inOrder([...given.unreadable, ...findings, ...planned.findings]) };
}

function readGiven(call: CheckCall): Given {
  const unreadable: Finding[] = [];
  const profileBase64 = call.credentials.provisioning_profile_base64 as string | undefined;
  const credentials = orFinding(unreadable, () => parseCredentials(call.credentials));
  orFinding(unreadable, () => requireProfile(profileBase64 === undefined ? {} : { profileBase64 }));
  const entitlements = orFinding(unreadable, () => entitlementsIn(call));
  return { credentials: credentials ?? {}, ...(entitlements && { entitlements }), unreadable };
}

/** The job that signing would make of it, and what that lacks. */
function planRequest(
  { name, wishes, credentials: sent }: CheckCall,
  { survey, target }: SurveyedBundle,
  { credentials }: Given,
): { readonly job?: PlannedJob; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const names = namesIn(survey.info ?? newDict());
  const manifest = orFinding(findings, () =>
    parseManifest(localManifest({ path: name, target, names }, wishes)),
  );
  if (!manifest) return { findings };
  const summary = summarizeCredentials(credentials);
  const plan = draftPlan(manifest, summary);
  // with nothing to sign with, the bundle itself is asked about, and what it would need is only mentioned
  const isBundleAlone = Object.keys(sent).every((key) => key === 'apple_team_id');
  const severity = isBundleAlone ? 'warning' : 'error';
  const missing = missingCredentials(plan, summary).map((lack) => findingOf(lack, severity));
  return { job: { plan, manifest, credentials }, findings: missing };
}

function orFinding<T>(findings: Finding[], read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof ShipError)) throw thrown;
    findings.push(findingOf(thrown));
    return undefined;
  }
}

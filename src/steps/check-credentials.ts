import { join } from 'node:path';
import { readExistingEntitlements } from '../adapters/code-signature/existing-entitlements.ts';
import type { SuppliedP12 } from '../domain/credentials/index.ts';
import { deriveEntitlements } from '../domain/entitlements/index.ts';
import {
  checkCertificateTeam,
  chooseIdentity,
  openP12,
  type SigningIdentity,
} from '../domain/identity/index.ts';
import type { PlistDict } from '../domain/plist/index.ts';
import { checkProfile, type ProvisioningProfile, parseProfile } from '../domain/profile/index.ts';
import type { StepScope } from './step.ts';
import { type Desk, held } from './workbench.ts';

/** Holds identity, profile and entitlements against the bundle: everything that can fail without a machine. */
export async function checkCredentials(scope: StepScope): Promise<void> {
  const { desk, report } = scope;
  const { profile } = held(desk, 'credentials');
  const plan = held(desk, 'plan');
  const parsed = profile && plan.embedsProfile ? parseProfile(profile) : undefined;
  if (plan.p12) desk.identity = identityOf(scope, parsed);
  else
    report.log('No signing identity was sent: the app is signed ad hoc and runs only where that is allowed.');
  if (parsed && desk.identity) checkProfileFits(scope, parsed, desk.identity);
  desk.entitlements = await entitlementsOf(scope, parsed);
}

function identityOf({ desk }: StepScope, profile: ProvisioningProfile | undefined): SigningIdentity {
  const plan = held(desk, 'plan');
  const supplied = suppliedFor(desk);
  const contents = openP12(supplied.p12, supplied.password);
  const { identity } = chooseIdentity(contents, {
    purpose: `${plan.platform}-${plan.distribution}`,
    now: new Date(),
    ...(supplied.signingIdentity !== undefined && { wantedName: supplied.signingIdentity }),
    ...(profile && { profileCertificates: profile.developerCertificates }),
  });
  for (const other of contents.identities) if (other !== identity) other.privateKeyPem.fill(0);
  checkCertificateTeam(identity.certificate, held(desk, 'credentials').teamId);
  return identity;
}

function suppliedFor(desk: Desk): SuppliedP12 {
  const credentials = held(desk, 'credentials');
  const supplied = held(desk, 'plan').p12 === 'notarize' ? credentials.notarize : credentials.main;
  if (!supplied) throw new Error('the plan uses a PKCS#12 file that was not sent');
  return supplied;
}

function checkProfileFits(
  { desk, report }: StepScope,
  profile: ProvisioningProfile,
  identity: SigningIdentity,
): void {
  const { teamId } = held(desk, 'credentials');
  const warnings = checkProfile(profile, {
    bundleId: held(desk, 'facts').bundleId,
    platform: held(desk, 'plan').platform,
    certificateDer: identity.certificate.der,
    now: new Date(),
    ...(teamId !== undefined && { teamId }),
  });
  for (const warning of warnings) report.log(warning);
}

async function entitlementsOf(
  { desk, report }: StepScope,
  profile: ProvisioningProfile | undefined,
): Promise<PlistDict> {
  const plan = held(desk, 'plan');
  const facts = held(desk, 'facts');
  const teamId = held(desk, 'credentials').teamId ?? desk.identity?.certificate.teamId;
  const sidecar =
    desk.sidecarEntitlements ??
    (await readExistingEntitlements(join(held(desk, 'found').appPath, facts.executable)));
  const { entitlements, cut } = deriveEntitlements({
    platform: plan.platform,
    plan,
    manifest: held(desk, 'manifest'),
    bundleId: facts.bundleId,
    ...(profile && { profile }),
    ...(sidecar && { sidecar }),
    ...(teamId !== undefined && { teamId }),
  });
  for (const key of cut) report.log(`The entitlement ${key} is left out.`);
  return entitlements;
}

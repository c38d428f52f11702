import type { UsedCredential } from '../../../machines/contracts/job.ts';
import { requireToolchain } from '../../domain/toolchain.ts';
import type { PassMaterial } from '../../preflight/index.ts';
import { plainLine } from '../../text.ts';
import { need, type SigningMaterial } from '../run-results.ts';
import { examineJob } from './preflight.ts';
import type { StepScope } from './step.ts';

/**
 * Holds identity, profile and entitlements against the bundle, and the plan against what the machines can do for
 * certain: everything that can fail without a machine. What is wrong with the input comes first.
 */
export async function checkCredentials(
  scope: StepScope,
): Promise<{ readonly used: readonly UsedCredential[] }> {
  const { results, report, services } = scope;
  const plan = need(results, 'plan');
  if (plan.passes.some(({ identity }) => identity === 'adhoc'))
    report.log('There is no signing identity: the app is signed ad hoc and runs only where that is allowed.');
  const examination = await examineJob(scope, need(results, 'survey'));
  const { toolchain, config } = services;
  if (toolchain) requireToolchain(plan, { toolchain, storePackage: config.storePackage });
  results.materials = examination.materials.map(materialOf);
  delete results.survey;
  return { used: examination.materials.flatMap(usedBy) };
}

const MAX_NAME_CHARACTERS = 200;

/** What ends one day. */
function usedBy({ identity, installer, profile }: PassMaterial): UsedCredential[] {
  const certificates = [identity, installer].flatMap((each) => each?.certificate ?? []);
  return [
    ...certificates.map(({ commonName, notAfter }) => used('certificate', commonName, notAfter)),
    ...(profile ? [used('profile', profile.name || profile.uuid, profile.expiresAt)] : []),
  ];
}

const used = (kind: UsedCredential['kind'], name: string, expiresAt: Date): UsedCredential => ({
  ...{ kind, name: plainLine(name, MAX_NAME_CHARACTERS), expiresAtMs: expiresAt.getTime() },
});

function materialOf({ identity, entitlements, installer }: PassMaterial): SigningMaterial {
  if (!entitlements) throw new Error('a job without an error has entitlements for each pass');
  return { entitlements, ...(identity && { identity }), ...(installer && { installer }) };
}

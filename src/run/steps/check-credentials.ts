import { requireToolchain } from '../../domain/toolchain.ts';
import type { PassMaterial } from '../../preflight/index.ts';
import { need, type SigningMaterial } from '../run-results.ts';
import { examineJob } from './preflight.ts';
import type { StepScope } from './step.ts';

/**
 * Holds identity, profile and entitlements against the bundle, and the plan against what the machines can do for
 * certain: everything that can fail without a machine. What is wrong with the input comes first.
 */
export async function checkCredentials(scope: StepScope): Promise<void> {
  const { results, report, services } = scope;
  const plan = need(results, 'plan');
  if (plan.passes.some(({ identity }) => identity === 'adhoc'))
    report.log('There is no signing identity: the app is signed ad hoc and runs only where that is allowed.');
  const examination = await examineJob(scope, need(results, 'survey'));
  const { toolchain, config } = services;
  if (toolchain) requireToolchain(plan, { toolchain, storePackage: config.storePackage });
  results.materials = examination.materials.map(materialOf);
  delete results.survey;
}

function materialOf({ identity, entitlements, installer }: PassMaterial): SigningMaterial {
  if (!entitlements) throw new Error('a job without an error has entitlements for each pass');
  return { entitlements, ...(identity && { identity }), ...(installer && { installer }) };
}

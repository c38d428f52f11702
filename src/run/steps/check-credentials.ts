import type { Examination } from '../../preflight/index.ts';
import { held, type SigningMaterial } from '../workbench.ts';
import { examineJob } from './preflight.ts';
import type { StepScope } from './step.ts';

/** Holds identity, profile and entitlements against the bundle: everything that can fail without a machine. */
export async function checkCredentials(scope: StepScope): Promise<void> {
  const { desk, report } = scope;
  const plan = held(desk, 'plan');
  if (plan.passes.some(({ identity }) => identity === 'adhoc'))
    report.log('There is no signing identity: the app is signed ad hoc and runs only where that is allowed.');
  const examination = await examineJob(scope, held(desk, 'survey'));
  desk.materials = plan.passes.map(({ distribution }) => materialFor(distribution, examination));
  const { installer } = examination;
  if (installer) desk.installer = installer;
  delete desk.survey;
}

function materialFor(distribution: 'direct' | 'store', { materials }: Examination): SigningMaterial {
  const material = materials.find(({ pass }) => pass.distribution === distribution);
  if (!material?.entitlements) throw new Error('a job without an error has entitlements for each pass');
  const { identity, entitlements } = material;
  return { entitlements, ...(identity && { identity }) };
}

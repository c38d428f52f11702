import { examineJob } from './preflight.ts';
import type { StepScope } from './step.ts';
import { held } from './workbench.ts';

/** Holds identity, profile and entitlements against the bundle: everything that can fail without a machine. */
export async function checkCredentials(scope: StepScope): Promise<void> {
  const { desk, report } = scope;
  const plan = held(desk, 'plan');
  if (!plan.p12)
    report.log('No signing identity was sent: the app is signed ad hoc and runs only where that is allowed.');
  const { materials, installer } = await examineJob(scope, held(desk, 'survey'));
  const own = materials.find(({ pass }) => pass.distribution === plan.distribution);
  for (const { identity } of materials) if (identity !== own?.identity) identity?.privateKeyPem.fill(0);
  installer?.privateKeyPem.fill(0);
  if (own?.identity) desk.identity = own.identity;
  if (!own?.entitlements) throw new Error('a job without an error has entitlements');
  desk.entitlements = own.entitlements;
  delete desk.survey;
}

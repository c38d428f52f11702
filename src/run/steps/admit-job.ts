import type { AdmittedJob } from '../../../machines/contracts/job.ts';
import { parseCredentials, summarizeCredentials } from '../../domain/credentials/index.ts';
import { parseManifest } from '../../domain/manifest/index.ts';
import { planJob, requireApiKey } from '../../domain/plan.ts';
import { requireToolchain } from '../../domain/toolchain.ts';
import { assignmentOf, type StepScope } from './step.ts';

/** Reads manifest and credentials, and decides once what is to happen. */
export async function admitJob(scope: StepScope): Promise<AdmittedJob> {
  const { desk, services } = scope;
  const { manifest: rawManifest, credentials: rawCredentials } = assignmentOf(scope);
  const manifest = parseManifest(rawManifest);
  const credentials = parseCredentials(rawCredentials);
  const summary = summarizeCredentials(credentials);
  const plan = planJob(manifest, summary);
  const toolchain = services.toolchain.expected();
  if (toolchain) requireToolchain(plan, toolchain);
  requireApiKey(plan, summary);
  Object.assign(desk, { manifest, credentials, plan });
  return {
    target: plan.platform === 'ios' ? 'ios-sign' : 'macos-sign',
    appName: manifest.appName,
    toolchain: services.toolchain.certain ?? null,
    passes: plan.passes.map(({ embedsProfile, notarizes, staples, publishes, delivers }) => ({
      embedsProfile,
      notarizes,
      staples,
      publishes,
      delivers,
    })),
  };
}

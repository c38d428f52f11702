import { join } from 'node:path';
import type { Artifact } from '../../machines/contracts/job.ts';
import { artifactName } from '../domain/plan.ts';
import { packDmg } from './package-dmg.ts';
import { packIpa } from './package-ipa.ts';
import type { GuestStepScope } from './step.ts';
import { held } from './workbench.ts';

/** The signed bundle as one file, its digest taken while it is made. */
export async function packageArtifact(scope: GuestStepScope): Promise<Artifact> {
  const { desk } = scope;
  const { container } = held(desk, 'plan');
  const name = artifactName(held(desk, 'manifest'), desk.jobId, container);
  const path = join(desk.dir, name);
  const made = container === 'ipa' ? await packIpa(scope, path) : await packDmg(scope, path);
  desk.artifact = { name, path, ...made };
  return { name, ...made };
}

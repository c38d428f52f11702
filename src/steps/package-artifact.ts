import type { Artifact } from '../../machines/contracts/job.ts';
import { artifactPlace } from './artifact-place.ts';
import { packDmg } from './package-dmg.ts';
import { packIpa } from './package-ipa.ts';
import type { GuestStepScope } from './step.ts';
import { held } from './workbench.ts';

/** The signed bundle as one file, its digest taken while it is made. */
export async function packageArtifact(scope: GuestStepScope): Promise<Artifact> {
  const { desk } = scope;
  const { container } = held(desk, 'plan');
  const { name, path } = artifactPlace(desk);
  const made = container === 'ipa' ? await packIpa(scope, path) : await packDmg(scope, path);
  desk.artifact = { name, path, ...made };
  return { name, ...made };
}

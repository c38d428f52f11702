import { join } from 'node:path';
import { artifactName } from '../../domain/plan.ts';
import { artifactNamed, held, type MadeArtifact } from '../workbench.ts';
import { passOf, type StepScope } from './step.ts';

type PassScope = Pick<StepScope, 'desk' | 'pass'>;

/** What the artifact of a pass is called, and where it is made. */
export function artifactPlace(scope: PassScope): { readonly name: string; readonly path: string } {
  const { desk } = scope;
  const name = artifactName(held(desk, 'manifest'), desk.jobId, desk.format ?? passOf(scope).container);
  return { name, path: join(desk.dir, name) };
}

/** The artifact of the pass that a step is about. */
export const artifactOf = (scope: PassScope): MadeArtifact =>
  artifactNamed(scope.desk, artifactPlace(scope).name);

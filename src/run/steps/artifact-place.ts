import { join } from 'node:path';
import { artifactName, endingOf } from '../../domain/plan.ts';
import { artifactNamed, type MadeArtifact, need } from '../run-results.ts';
import { type GuestStepScope, passOf, type StepScope } from './step.ts';

type PassScope = Pick<StepScope, 'results' | 'pass'>;

/** What the artifact of a pass is called, and where it is made. */
export function artifactPlace(scope: PassScope): { readonly name: string; readonly path: string } {
  const { results } = scope;
  const ending = results.format ?? endingOf(need(results, 'plan'), passOf(scope));
  const name = artifactName(need(results, 'manifest'), results.jobId, ending);
  return { name, path: join(results.dir, name) };
}

/** The artifact of the pass that a step is about. */
export const artifactOf = (scope: PassScope): MadeArtifact =>
  artifactNamed(scope.results, artifactPlace(scope).name);

/** Where the machine lacks Apple's hdiutil, disk images are made on this host. */
export const isImageOurs = (scope: GuestStepScope): boolean =>
  passOf(scope).container === 'dmg' && scope.results.format === undefined && scope.toolchain !== 'xcode';

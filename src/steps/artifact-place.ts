import { join } from 'node:path';
import { artifactName } from '../domain/plan.ts';
import { type Desk, held } from './workbench.ts';

/** What the artifact is called, and where it is made. */
export function artifactPlace(desk: Desk): { readonly name: string; readonly path: string } {
  const name = artifactName(held(desk, 'manifest'), desk.jobId, held(desk, 'plan').container);
  return { name, path: join(desk.dir, name) };
}

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StepScope } from './step.ts';

/** How the artifact was made, as the daemon has written it down: a file that goes with the artifact from now on. */
export async function keepProvenance(
  { results }: StepScope,
  { name, text }: { readonly name: string; readonly text: string },
): Promise<void> {
  const path = join(results.dir, name);
  await writeFile(path, text, { mode: 0o600 });
  const sha256Hex = createHash('sha256').update(text).digest('hex');
  results.provenance = { name, path, sizeBytes: Buffer.byteLength(text), sha256Hex };
}

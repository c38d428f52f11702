import { verifyIpa } from '../adapters/archive/verify-ipa.ts';
import { checkSignature } from '../adapters/code-signature/check-signature.ts';
import { verifyDmg } from '../adapters/dmg/read.ts';
import { ShipError } from '../errors.ts';
import { sideBySide } from './side-by-side.ts';
import type { StepScope } from './step.ts';
import { held } from './workbench.ts';

/** Reads the finished file back, as its receiver will. */
export async function checkArtifact({ desk, signal }: StepScope): Promise<void> {
  const { path } = held(desk, 'artifact');
  if (held(desk, 'plan').container === 'ipa') await verifyIpa(path, { signal });
  else await checkImage(path, signal);
}

async function checkImage(path: string, signal: AbortSignal): Promise<void> {
  const [, { findings }] = await sideBySide(
    signal,
    (shared) => verifyDmg(path, { signal: shared }),
    (shared) => checkSignature(path, { signal: shared }),
  );
  const [first] = findings;
  if (!first) return;
  throw new ShipError('SIGNATURE_INVALID', {
    summary: `The signature of the disk image does not hold: ${first.message}`,
    nextStep: 'Send the job again; if it fails again, send the log of this run to the maintainers.',
  });
}

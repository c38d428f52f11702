import { verifyIpa } from '../adapters/archive/verify-ipa.ts';
import { checkSignature } from '../adapters/code-signature/check-signature.ts';
import { verifyDmg } from '../adapters/dmg/read.ts';
import { checkPackage } from '../adapters/xar/check-package.ts';
import { ShipError } from '../errors.ts';
import { artifactOf } from './artifact-place.ts';
import { sideBySide } from './side-by-side.ts';
import { passOf, type StepScope } from './step.ts';
import { held } from './workbench.ts';

/** Reads the finished file back, as its receiver will. */
export async function checkArtifact(scope: StepScope): Promise<void> {
  const { path } = artifactOf(scope);
  const { signal } = scope;
  const { container } = passOf(scope);
  if (container === 'ipa') await verifyIpa(path, { signal });
  else if (container === 'dmg') await checkImage(path, signal);
  else await checkInstallerPackage(scope, path);
}

async function checkImage(path: string, signal: AbortSignal): Promise<void> {
  const [, { findings }] = await sideBySide(
    signal,
    (shared) => verifyDmg(path, { signal: shared }),
    (shared) => checkSignature(path, { signal: shared }),
  );
  const [first] = findings;
  if (first) throw invalid('disk image', first.message);
}

/** The package is sealed, by the installer identity of the job, and is that of this app. */
async function checkInstallerPackage({ desk, signal }: StepScope, path: string): Promise<void> {
  const { findings, cms, parts } = await checkPackage(path, { signal });
  const [first] = findings;
  if (first) throw invalid('installer package', first.message);
  if (cms?.signer?.sha256Hex !== held(desk, 'installer').certificate.sha256Hex)
    throw invalid('installer package', 'It is not signed by the installer identity of the job.');
  const { bundleId } = held(desk, 'facts');
  if (!parts.some(({ identifier }) => identifier === bundleId))
    throw invalid('installer package', `It does not say that it installs ${bundleId}.`);
}

const invalid = (what: string, fact: string): ShipError =>
  new ShipError('SIGNATURE_INVALID', {
    summary: `The signature of the ${what} does not hold: ${fact}`,
    nextStep: 'Send the job again; if it fails again, send the log of this run to the maintainers.',
  });

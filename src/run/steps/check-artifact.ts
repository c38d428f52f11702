import { altered, readingAltered } from '../../adapters/guest/altered.ts';
import { signatureMismatch } from '../../domain/code-signature/expected-signature.ts';
import { readCompanion, sizesBeside } from '../../files/archive/beside-app.ts';
import { verifyIpa } from '../../files/archive/verify-ipa.ts';
import { checkSignature } from '../../files/code-signature/check-signature.ts';
import { readDmgSignature } from '../../files/code-signature/read-signature.ts';
import { verifyDmg } from '../../files/dmg/read.ts';
import { checkPackage } from '../../files/xar/check-package.ts';
import type { CmsFacts } from '../../formats/code-signature/cms.ts';
import { need, type RunResults } from '../run-results.ts';
import { artifactOf } from './artifact-place.ts';
import { expectedImageSignature } from './expected-signatures.ts';
import { runBoth } from './run-both.ts';
import { signingTimeFault } from './signing-time.ts';
import { installerOf, materialOf, passOf, type StepScope } from './step.ts';
import { timestampUrlOf } from './timestamps.ts';

/** Reads the finished file back, as its receiver will. */
export async function checkArtifact(scope: StepScope): Promise<void> {
  const { path } = artifactOf(scope);
  const { signal, results } = scope;
  const { container } = passOf(scope);
  // the app itself is as it was verified
  if (results.format === 'app') return;
  if (results.format === 'zip') await verifyIpa(path, { signal, folder: '' });
  else if (container === 'ipa') await verifyIpa(path, { signal, beside: await besideApp(results) });
  else if (container === 'dmg') await readingAltered('the disk image', () => checkImage(scope, path));
  else await readingAltered('the installer package', () => checkInstallerPackage(scope, path));
}

/** What came for the App Store lies in the archive again, and nothing else. */
async function besideApp(results: RunResults): Promise<ReadonlyMap<string, number>> {
  const { archiveDir, companions } = need(results, 'found');
  return sizesBeside(await Promise.all(companions.map((name) => readCompanion(archiveDir, name))));
}

/** Sound, sealed, and signed as asked: the signature was made where the bundle was. */
async function checkImage(scope: StepScope, path: string): Promise<void> {
  const [, { findings, signatures }] = await runBoth(
    scope.signal,
    (signal) => verifyDmg(path, { signal }),
    (signal) => checkSignature(path, { signal }),
  );
  const [first] = findings;
  if (first) throw altered('the disk image', first.message);
  const { signature } = await readDmgSignature(path);
  const mismatch =
    signature && signatureMismatch(signature, expectedImageSignature(scope, artifactOf(scope).stapled));
  if (mismatch) throw altered('the disk image', `It is not signed as asked: ${mismatch}.`);
  const { identity } = materialOf(scope);
  const [{ cms } = { cms: undefined }] = signatures;
  if (cms?.signer?.sha256Hex !== identity?.certificate.sha256Hex)
    throw altered('the disk image', 'It is not signed by the identity that was given.');
  if (identity && timestampUrlOf(scope) !== 'none' && !cms?.timestamp)
    throw altered('the disk image', 'Its signature has no time stamp.');
  requireTimes('the disk image', cms);
}

/** The package is sealed, by the installer identity of the job, and is that of this app. */
async function checkInstallerPackage(scope: StepScope, path: string): Promise<void> {
  const { results, signal } = scope;
  const { findings, cms, parts } = await checkPackage(path, { signal });
  const [first] = findings;
  if (first) throw altered('the installer package', first.message);
  if (cms?.signer?.sha256Hex !== installerOf(scope).certificate.sha256Hex)
    throw altered('the installer package', 'It is not signed by the installer identity that was given.');
  requireTimes('the installer package', cms);
  const { bundleId } = need(results, 'facts');
  if (!parts.some(({ identifier }) => identifier === bundleId))
    throw altered('the installer package', `It does not say that it installs ${bundleId}.`);
}

function requireTimes(subject: string, cms: CmsFacts | undefined): void {
  const fault = signingTimeFault([cms?.signingTime, cms?.timestamp?.time], Date.now());
  if (fault !== undefined) throw altered(subject, fault);
}

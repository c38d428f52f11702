import { defaultUnpackLimits } from '../adapters/archive/limits.ts';
import { digestsOfUntouched } from '../adapters/code-signature/resource-digests.ts';
import { verifyInGuest } from '../adapters/rcodesign/verify.ts';
import { listChanged } from '../adapters/vm/changed-files.ts';
import { getFiles } from '../adapters/vm/transfer.ts';
import { verifyWithCodesign } from '../adapters/xcode/index.ts';
import type { SigningIdentity } from '../domain/identity/index.ts';
import { type FailureCode, failureCodes, ShipError } from '../errors.ts';
import { readApp } from '../verify/read-app.ts';
import type { AppSummary, ArtifactFinding } from '../verify/report.ts';
import { heedOpinion } from './second-opinion.ts';
import { type GuestStepScope, materialOf } from './step.ts';
import { held } from './workbench.ts';

/**
 * Opinions on the signature: rcodesign's and, where it is, that of Apple's codesign in the guest, and our own on the
 * host, over the files that came back and those that never left. A guest that changed anything else is found by the seal.
 */
export async function verifySignature(scope: GuestStepScope): Promise<void> {
  const { desk, session, signal, report } = scope;
  const { identity } = materialOf(scope);
  await verifyInGuest(
    session,
    {
      remotePath: held(desk, 'guestAppPath'),
      machOPaths: held(desk, 'facts').machOs.map(({ path }) => path),
      adHoc: identity === undefined,
    },
    { signal },
  );
  if (scope.toolchain === 'xcode') await askCodesign(scope);
  report.progress(85);
  await fetchChanges(scope);
  report.progress(90);
  const { appPath } = held(desk, 'found');
  const digests = await digestsOfUntouched(appPath, held(desk, 'resourceDigests'));
  const { app, findings } = await readApp(appPath, { path: '', signal, digests });
  const [first, ...more] = [...findings, ...strangers(identity, app)];
  if (first) throw broken(first, more.length);
}

async function askCodesign(scope: GuestStepScope): Promise<void> {
  const { desk, session, signal, report } = scope;
  const path = held(desk, 'guestAppPath');
  const ask = () => verifyWithCodesign(session, { path, deep: true, signal });
  const { identity } = materialOf(scope);
  await heedOpinion({ tool: 'codesign', subject: 'the signed app', ask, identity }, report);
}

/** All code must be signed by the identity of the job: a certificate proves nothing about who it belongs to. */
function strangers(
  identity: SigningIdentity | undefined,
  { signatures, nested }: AppSummary,
): ArtifactFinding[] {
  const wanted = identity?.certificate.sha256Hex;
  return [{ path: '', signatures }, ...nested]
    .filter((code) => code.signatures.some(({ signer }) => signer?.certificateSha256 !== wanted))
    .map(({ path }) => ({
      code: 'CERTIFICATE_WRONG',
      path,
      message: 'It is not signed by the identity of the job.',
    }));
}

/** Signing changes code and seals only: resources stay where they are, on the host. */
async function fetchChanges({ desk, session, signal }: GuestStepScope): Promise<void> {
  const remoteDir = held(desk, 'guestAppPath');
  const { maxEntries: maxFiles, maxUnpackedBytes } = defaultUnpackLimits;
  const limits = { maxFiles, maxFileBytes: maxUnpackedBytes, maxTotalBytes: maxUnpackedBytes };
  const { changed } = await listChanged(session, {
    remoteDir,
    maxFiles,
    since: held(desk, 'guestTree'),
    signal,
  });
  await getFiles(session, {
    remoteDir,
    paths: changed,
    destDir: held(desk, 'found').appPath,
    limits,
    signal,
  });
}

/** What the credentials do not fit is the sender's to mend; a seal that does not hold is ours. */
function broken({ code, path, message }: ArtifactFinding, moreCount: number): ShipError {
  const summary = `The signed app does not hold: ${path === '' ? 'the bundle' : `"${path}"`}: ${message}`;
  const reason = moreCount > 0 ? `There are ${moreCount} more findings.` : '';
  const known = Object.hasOwn(failureCodes, code) ? (code as FailureCode) : undefined;
  const nextStep = known
    ? 'Correct the profile, the certificate or the entitlements of the project, and send the job again.'
    : 'Send the job again; if it fails again, send the log of this run to the maintainers.';
  return new ShipError(known ?? 'SIGNATURE_INVALID', { summary, reason, nextStep });
}

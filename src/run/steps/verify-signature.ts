import { TRY_AGAIN_OR_REPORT } from '../../../machines/contracts/wording.ts';
import { altered } from '../../adapters/guest/altered.ts';
import { verifyInGuest } from '../../adapters/rcodesign/verify.ts';
import { verifyWithCodesign } from '../../adapters/xcode/index.ts';
import type { BundleFacts } from '../../domain/bundle/index.ts';
import { type FailureCode, failureCodes, ShipError } from '../../errors.ts';
import { BundleTree } from '../../files/code-signature/bundle-tree.ts';
import { knownOf } from '../../files/code-signature/resource-digests.ts';
import { readApp } from '../../verify/read-app.ts';
import type { AppSummary, ArtifactFinding } from '../../verify/report.ts';
import { need } from '../run-results.ts';
import { crossCheck } from './second-opinion.ts';
import { signedCodeOf } from './signed-code.ts';
import { signingTimeFault } from './signing-time.ts';
import { type GuestStepScope, materialOf } from './step.ts';
import { timestampUrlOf } from './timestamps.ts';

/**
 * Opinions on the signature: our own on the host, over the signatures that came back and the files that never left, and
 * meanwhile rcodesign's and, where it is, that of Apple's codesign in the guest. Ours has the first word, whichever comes
 * sooner, because it tells what a guest changed, and blames the guest for it.
 */
export async function verifySignature(scope: GuestStepScope): Promise<void> {
  const refused = new AbortController();
  const signal = AbortSignal.any([scope.signal, refused.signal]);
  const [ours, theirs] = await Promise.allSettled([
    verifyOnHost(scope).catch((error: unknown) => {
      refused.abort(error);
      throw error;
    }),
    verifyInMachine({ ...scope, signal }),
  ]);
  for (const opinion of [ours, theirs]) if (opinion.status === 'rejected') throw opinion.reason;
}

async function verifyOnHost(scope: GuestStepScope): Promise<void> {
  const { results, signal, report } = scope;
  const { appPath } = need(results, 'found');
  const tree = await BundleTree.read(appPath);
  const known = knownOf(tree, need(results, 'resourceDigests'));
  const { app, findings } = await readApp(appPath, { path: '', signal, tree, ...known });
  const unasked = signedOtherwise(scope, app);
  if (unasked) throw altered('the signed app', `${nameOf(unasked.path)}: ${unasked.message}`);
  const [first, ...more] = findings;
  if (first) throw broken(first, more.length, need(results, 'facts').platform);
  results.signed ??= new Map();
  results.signed.set(scope.pass, signedCodeOf(app));
  report.progress(90);
}

async function verifyInMachine(scope: GuestStepScope): Promise<void> {
  const { results, session, signal } = scope;
  await verifyInGuest(
    session,
    {
      remotePath: need(results, 'guestAppPath'),
      machOPaths: need(results, 'facts').machOs.map(({ path }) => path),
      adHoc: materialOf(scope).identity === undefined,
    },
    { signal },
  );
  if (scope.toolchain === 'xcode') await askCodesign(scope);
}

async function askCodesign(scope: GuestStepScope): Promise<void> {
  const { results, session, signal, report } = scope;
  const path = need(results, 'guestAppPath');
  const ask = () => verifyWithCodesign(session, { path, deep: true, signal });
  const { identity } = materialOf(scope);
  await crossCheck({ tool: 'codesign', subject: 'the signed app', ask, identity }, report);
}

/** All code must be signed by the identity of the job, now, and at a confirmed time where that was asked for. */
function signedOtherwise(
  scope: GuestStepScope,
  { signatures, nested }: AppSummary,
): { readonly path: string; readonly message: string } | undefined {
  const wanted = materialOf(scope).identity?.certificate.sha256Hex;
  const needsTimestamp = wanted !== undefined && timestampUrlOf(scope) !== 'none';
  for (const { path, signatures: all } of [{ path: '', signatures }, ...nested])
    for (const { signer } of all) {
      if (signer?.certificateSha256 !== wanted)
        return { path, message: 'It is not signed by the identity that was given.' };
      if (needsTimestamp && signer?.timestamp === undefined)
        return { path, message: 'Its signature has no time stamp.' };
      const timeFault = signingTimeFault([signer?.signedAt, signer?.timestamp].map(dateOf), Date.now());
      if (timeFault !== undefined) return { path, message: timeFault };
    }
  return undefined;
}

const dateOf = (text: string | undefined): Date | undefined =>
  text === undefined ? undefined : new Date(text);

/** What only the guest can have made, or have changed before it signed: none of it can be the sender's. */
const MADE_BY_GUEST: readonly string[] = [
  'SIGNATURE_MALFORMED',
  'CODE_UNSEALED',
  'SLOT_MISSING',
  'CMS_MISSING',
  'CMS_DIGEST_WRONG',
  'CMS_SIGNATURE_WRONG',
  'TIMESTAMP_WRONG',
  'SEAL_MISSING',
  'SEAL_MALFORMED',
  'SEAL_WEAK',
  'CODE_CHANGED',
  'SLOT_CHANGED',
  'FILE_CHANGED',
  'FILE_MISSING',
  'LINK_CHANGED',
  'NESTED_CHANGED',
];

/**
 * Where signing seals whatever lies there: what its seal leaves out was hidden from it. Elsewhere it is for the look at
 * the bundle to find what cannot be sealed.
 */
const isAlwaysSealed: Readonly<Record<BundleFacts['platform'], (path: string) => boolean>> = {
  macos: (path) => liesBelow(path, 'Resources'),
  ios: (path) => !liesBelow(path, '_CodeSignature'),
};

const liesBelow = (path: string, folder: string): boolean => path.split('/').slice(0, -1).includes(folder);

/** What the credentials do not fit is the sender's to fix; a seal that does not hold never is. */
function broken(
  { code, path, message }: ArtifactFinding,
  moreCount: number,
  platform: BundleFacts['platform'],
): ShipError {
  const fact = `${nameOf(path)}: ${message}`;
  const reason = moreCount > 0 ? `There are ${moreCount} more findings.` : 'There is no other finding.';
  const isLeftOut = code === 'FILE_UNSEALED' && isAlwaysSealed[platform](path);
  if (isLeftOut || MADE_BY_GUEST.includes(code)) return altered('the signed app', `${fact} ${reason}`);
  const known = Object.hasOwn(failureCodes, code) ? (code as FailureCode) : undefined;
  const nextStep = known
    ? 'Correct the profile, the certificate or the entitlements of the app, and try again.'
    : TRY_AGAIN_OR_REPORT;
  const summary = `The signed app does not hold: ${fact}`;
  return new ShipError(known ?? 'SIGNATURE_INVALID', { summary, reason, nextStep });
}

const nameOf = (path: string): string => (path === '' ? 'the bundle' : `"${path.slice(0, 200)}"`);

import { type SignInGuestRequest, signInGuest } from '../../adapters/rcodesign/sign.ts';
import { signAdHoc } from '../../adapters/xcode/index.ts';
import { identityPem, type SigningIdentity } from '../../domain/identity/index.ts';
import { BundleTree } from '../../files/code-signature/bundle-tree.ts';
import { digestResources } from '../../files/code-signature/resource-digests.ts';
import { buildPlist } from '../../formats/plist/index.ts';
import { need } from '../run-results.ts';
import { artifactPlace, isImageOurs } from './artifact-place.ts';
import { firstSigned, nestedPaths, nestedSettings } from './nested-code.ts';
import { beginDmg } from './partial-dmg.ts';
import { packResources } from './partial-ipa.ts';
import { runBoth } from './run-both.ts';
import { type GuestStepScope, materialOf, passOf } from './step.ts';
import { withTimestampUrl } from './timestamps.ts';

/** Signs the bundle and all code in it, inside the guest; this host deals with the resources meanwhile. */
export async function codesign(scope: GuestStepScope): Promise<void> {
  await runBoth(
    scope.signal,
    (signal) => readResources({ ...scope, signal }),
    (signal) => sign({ ...scope, signal }),
  );
  scope.report.progress(80);
}

/** What signing does not change: its digests for the check of the seal, and its part of an .ipa or a disk image. */
async function readResources(scope: GuestStepScope): Promise<void> {
  const { results, signal } = scope;
  if (passOf(scope).container === 'ipa') return packResources(results, artifactPlace(scope).path, signal);
  if (isImageOurs(scope)) return void (await beginDmg(scope));
  const except = new Set(need(results, 'facts').machOs.map(({ path }) => path));
  const tree = await BundleTree.read(need(results, 'found').appPath);
  results.resourceDigests = await digestResources(tree, { except, signal });
}

/** Without an identity Apple's own tool signs, where it is. */
const sign = (scope: GuestStepScope): Promise<void> =>
  scope.toolchain === 'xcode' && !materialOf(scope).identity ? signByCodesign(scope) : signByRcodesign(scope);

async function signByCodesign(scope: GuestStepScope): Promise<void> {
  const { results, session, signal } = scope;
  await signAdHoc(session, {
    appPath: need(results, 'guestAppPath'),
    nestedPaths: nestedPaths(need(results, 'facts')),
    hardenedRuntime: passOf(scope).hardenedRuntime,
    entitlementsXml: buildPlist(materialOf(scope).entitlements, 'xml').toString('utf8'),
    signal,
  });
}

/** The key is in no file of the guest. */
const signByRcodesign = (scope: GuestStepScope): Promise<void> =>
  withPem(materialOf(scope).identity, (pem) =>
    withTimestampUrl(scope, (timestampUrl) => signInOrder(scope, { timestampUrl, ...(pem && { pem }) })),
  );

async function signInOrder(
  scope: GuestStepScope,
  means: Pick<SignInGuestRequest, 'timestampUrl' | 'pem'>,
): Promise<void> {
  const { results, session, signal, report } = scope;
  const guestAppPath = need(results, 'guestAppPath');
  const common = { workDir: guestAppPath.slice(0, guestAppPath.lastIndexOf('/')), ...means };
  for (const { path, ...settings } of await firstSigned(scope))
    await signInGuest(session, { ...common, ...settings, remotePath: `${guestAppPath}/${path}` }, { signal });
  const { warnings } = await signInGuest(
    session,
    {
      ...common,
      remotePath: guestAppPath,
      entitlements: buildPlist(materialOf(scope).entitlements, 'xml'),
      hardenedRuntime: passOf(scope).hardenedRuntime,
      ...(await nestedSettings(scope)),
    },
    { signal },
  );
  for (const warning of warnings) report.log(warning);
}

/** Certificate and key as one PEM, overwritten after use; nothing for an ad hoc signature. */
export async function withPem<T>(
  identity: SigningIdentity | undefined,
  use: (pem: Buffer | undefined) => Promise<T>,
): Promise<T> {
  const pem = identity && identityPem(identity);
  try {
    return await use(pem);
  } finally {
    pem?.fill(0);
  }
}

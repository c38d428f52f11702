import { digestResources } from '../adapters/code-signature/resource-digests.ts';
import { signInGuest } from '../adapters/rcodesign/sign.ts';
import { identityPem } from '../domain/identity/index.ts';
import { buildPlist } from '../domain/plist/index.ts';
import { nestedSettings } from './nested-code.ts';
import { sideBySide } from './side-by-side.ts';
import type { GuestStepScope } from './step.ts';
import { type Desk, held } from './workbench.ts';

/** Signs the bundle and all code in it, inside the guest; this host reads the resources meanwhile. */
export async function codesign(scope: GuestStepScope): Promise<void> {
  const { desk, report } = scope;
  const { appPath } = held(desk, 'found');
  const except = new Set(held(desk, 'facts').machOs.map(({ path }) => path));
  const [resourceDigests] = await sideBySide(
    scope.signal,
    (signal) => digestResources(appPath, { except, signal }),
    (signal) => sign({ ...scope, signal }),
  );
  desk.resourceDigests = resourceDigests;
  report.progress(80);
}

/** The key is in no file of the guest. */
async function sign(scope: GuestStepScope): Promise<void> {
  const { desk, session, signal, report } = scope;
  const plan = held(desk, 'plan');
  const guestAppPath = held(desk, 'guestAppPath');
  await withPem(desk, async (pem) => {
    const { warnings } = await signInGuest(
      session,
      {
        remotePath: guestAppPath,
        workDir: guestAppPath.slice(0, guestAppPath.lastIndexOf('/')),
        entitlements: buildPlist(held(desk, 'entitlements'), 'xml'),
        hardenedRuntime: plan.hardenedRuntime,
        timestampUrl: timestampUrlOf(scope),
        ...(await nestedSettings(desk)),
        ...(pem && { pem }),
      },
      { signal },
    );
    for (const warning of warnings) report.log(warning);
  });
}

/** Apple wants a time stamp on what is distributed directly, and may refuse one in its stores. */
export function timestampUrlOf({ services, desk }: GuestStepScope): string {
  const { config } = services;
  return held(desk, 'plan').timestamp === 'store' ? config.storeTimestampUrl : config.timestampUrl;
}

/** Certificate and key as one PEM, overwritten after use; nothing for an ad hoc signature. */
export async function withPem<T>(desk: Desk, use: (pem: Buffer | undefined) => Promise<T>): Promise<T> {
  const pem = desk.identity && identityPem(desk.identity);
  try {
    return await use(pem);
  } finally {
    pem?.fill(0);
  }
}

import { digestResources } from '../adapters/code-signature/resource-digests.ts';
import { signInGuest } from '../adapters/rcodesign/sign.ts';
import { identityPem } from '../domain/identity/index.ts';
import { buildPlist } from '../domain/plist/index.ts';
import { artifactPlace } from './artifact-place.ts';
import { packResources } from './early-ipa.ts';
import { nestedSettings } from './nested-code.ts';
import { sideBySide } from './side-by-side.ts';
import type { GuestStepScope } from './step.ts';
import { type Desk, held } from './workbench.ts';

/** Signs the bundle and all code in it, inside the guest; this host deals with the resources meanwhile. */
export async function codesign(scope: GuestStepScope): Promise<void> {
  const { desk, report } = scope;
  await sideBySide(
    scope.signal,
    (signal) => readResources(desk, signal),
    (signal) => sign({ ...scope, signal }),
  );
  report.progress(80);
}

/** What signing does not change: its digests for the check of the seal, and its part of an .ipa. */
async function readResources(desk: Desk, signal: AbortSignal): Promise<void> {
  const except = new Set(held(desk, 'facts').machOs.map(({ path }) => path));
  desk.resourceDigests = await digestResources(held(desk, 'found').appPath, { except, signal });
  if (held(desk, 'plan').container === 'ipa')
    desk.earlyIpa = await packResources(desk, artifactPlace(desk).path, signal);
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

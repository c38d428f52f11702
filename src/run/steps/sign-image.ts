import { dirname } from 'node:path/posix';
import { signInGuest } from '../../adapters/rcodesign/sign.ts';
import { withPem } from './codesign.ts';
import { imageIdentifier } from './expected-signatures.ts';
import { type GuestStepScope, materialOf } from './step.ts';
import { withTimestampUrl } from './timestamps.ts';

/** Signs a disk image that lies in the guest, by the identity that signed the app on it. */
export async function signImage(scope: GuestStepScope, guestPath: string): Promise<void> {
  const { session, signal } = scope;
  await withPem(materialOf(scope).identity, (pem) =>
    withTimestampUrl(scope, (timestampUrl) =>
      signInGuest(
        session,
        {
          remotePath: guestPath,
          workDir: dirname(guestPath),
          hardenedRuntime: false,
          timestampUrl,
          binaryIdentifier: imageIdentifier(scope),
          ...(pem && { pem }),
        },
        { signal },
      ),
    ),
  );
}

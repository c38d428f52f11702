import { dirname } from 'node:path/posix';
import { signInGuest } from '../../adapters/rcodesign/sign.ts';
import { withPem } from './codesign.ts';
import { type GuestStepScope, installerOf } from './step.ts';
import { withTimestampUrl } from './timestamps.ts';

/** Where an app is installed. */
export const INSTALL_LOCATION = '/Applications';

/** Signs an installer package that lies in the guest, by the installer identity of the pass. */
export async function signPackage(scope: GuestStepScope, remotePath: string): Promise<void> {
  const { session, signal, report } = scope;
  const { warnings } = await withPem(installerOf(scope), (pem) =>
    withTimestampUrl(scope, (timestampUrl) =>
      signInGuest(
        session,
        {
          remotePath,
          workDir: dirname(remotePath),
          hardenedRuntime: false,
          timestampUrl,
          ...(pem && { pem }),
        },
        { signal },
      ),
    ),
  );
  for (const warning of warnings) report.log(warning);
}

/** Where the package of an app lies in the guest: beside it. */
export const guestPackagePath = (guestAppPath: string): string => `${guestAppPath.replace(/\.app$/, '')}.pkg`;

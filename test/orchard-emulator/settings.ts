import { hostKeyFingerprint } from './driver.ts';
import { guestUser } from './guest.ts';
import { ACCOUNT } from './host.ts';

/** Where a cluster is, and how its machines are entered. */
export interface ClusterAccess {
  readonly url: string;
  readonly userKeyFile: string;
  readonly certificateFile: string;
}

/** What an operator sets for a daemon on such a cluster. */
export const orchardSettings = ({ url, userKeyFile, certificateFile }: ClusterAccess) => ({
  PERRY_VM_DRIVER: 'orchard',
  PERRY_TART_IMAGE: 'golden',
  PERRY_TART_SSH_USER: guestUser,
  PERRY_TART_SSH_KEY_FILE: userKeyFile,
  PERRY_TART_HOST_KEY: hostKeyFingerprint,
  PERRY_ORCHARD_URL: url,
  PERRY_ORCHARD_SERVICE_ACCOUNT: ACCOUNT.name,
  PERRY_ORCHARD_TOKEN: ACCOUNT.token,
  PERRY_ORCHARD_CA_FILE: certificateFile,
});

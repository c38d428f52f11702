import { X509Certificate } from 'node:crypto';
import type { TlsTrust } from '../../http/tls-trust.ts';
import type { OrchardSettings } from './options.ts';

/** The one name in a certificate that the controller (0.55.0) makes for itself, whatever its address is. */
const OWN_NAME = 'orchard-controller';

/** Whom to trust, and for which name. @throws Error when the text is no certificate */
export function trustOf({ ca, fingerprint }: Pick<OrchardSettings, 'ca' | 'fingerprint'>): TlsTrust {
  const isOwn = ca !== undefined && new X509Certificate(ca).checkHost(OWN_NAME) !== undefined;
  return {
    ...(ca !== undefined && { ca }),
    ...(isOwn && { serverName: OWN_NAME }),
    ...(fingerprint !== undefined && { fingerprint }),
  };
}

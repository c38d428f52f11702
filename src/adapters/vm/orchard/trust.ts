import { X509Certificate } from 'node:crypto';
import type { TlsTrust } from '../../http/connection.ts';

/** The one name in a certificate that the controller (0.55.0) makes for itself, whatever its address is. */
const OWN_NAME = 'orchard-controller';

/** Whom to trust, and for which name. @throws Error when the text is no certificate */
export function trustOf(ca: string | undefined): TlsTrust | undefined {
  if (ca === undefined) return undefined;
  const isOwn = new X509Certificate(ca).checkHost(OWN_NAME) !== undefined;
  return { ca, ...(isOwn && { serverName: OWN_NAME }) };
}

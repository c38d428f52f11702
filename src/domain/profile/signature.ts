import type { X509Certificate } from 'node:crypto';
import { readSignedData, type SignedData } from '../../formats/cms/signed-data.ts';
import { digestBy, messageDigestOf, signatureHolds, signerCertificate } from '../../formats/cms/signer.ts';
import { isTrusted } from './trust.ts';

export interface ProfileSignature {
  /** `changed`: other content than was signed · `broken`: no signature that holds · `untrusted`: not Apple's. */
  readonly verdict: 'trusted' | 'untrusted' | 'changed' | 'broken';
  /** Common name of the signer, as far as it is known. */
  readonly signer?: string;
}

/**
 * Checks who signed a provisioning profile. Apple still uses SHA-1 here, and a profile outlives its signer's
 * certificate: neither the digest nor the dates of the certificates decide.
 *
 * @param trustRoots - DER of roots beside Apple's
 */
export function checkProfileSignature(bytes: Buffer, trustRoots: readonly Buffer[] = []): ProfileSignature {
  try {
    return judge(readSignedData(bytes, 'tolerant'), trustRoots);
  } catch {
    // whatever is wrong with hostile certificates and algorithms, there is no signature that holds
    return { verdict: 'broken' };
  }
}

function judge(data: SignedData, trustRoots: readonly Buffer[]): ProfileSignature {
  const { signer, content, certificates } = data;
  const certificate = signerCertificate(data);
  if (!signer || !certificate || !content) return { verdict: 'broken' };
  const name = commonNameOf(certificate);
  const named = name === undefined ? {} : { signer: name };
  const messageDigest = messageDigestOf(signer);
  // false when somebody edited the profile after it was signed
  if (messageDigest && !digestBy(signer, content).equals(messageDigest))
    return { verdict: 'changed', ...named };
  if (signer.signedBytes && !messageDigest) return { verdict: 'broken', ...named };
  if (!signatureHolds(signer, content, certificate.publicKey)) return { verdict: 'broken', ...named };
  const trusted = isTrusted(certificate, certificates, trustRoots);
  return { verdict: trusted ? 'trusted' : 'untrusted', ...named };
}

const commonNameOf = ({ subject }: X509Certificate): string | undefined =>
  /^CN=(.*)$/m.exec(subject)?.[1]?.slice(0, 100);

import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ShipError } from '../../errors.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/**
 * Reads the roots that PERRY_TRUST_ROOTS names.
 *
 * @param path - a PEM file; nothing is read when it is left out
 * @returns DER
 * @throws ShipError CONFIG_INVALID
 */
export async function readTrustRoots(path: string | undefined): Promise<Buffer[]> {
  if (path === undefined) return [];
  try {
    const roots = (await readFile(path, 'utf8')).match(CERTIFICATE) ?? [];
    if (roots.length === 0) throw new Error('it holds no certificate');
    return roots.map((pem) => new X509Certificate(pem).raw);
  } catch (cause) {
    throw new ShipError('CONFIG_INVALID', {
      summary: 'The file that PERRY_TRUST_ROOTS names cannot be used.',
      reason: 'It is missing, or it holds no certificate in PEM form.',
      nextStep: 'Name a PEM file with root certificates, or do not set the variable.',
      cause,
      detail: { path },
    });
  }
}

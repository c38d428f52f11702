import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ShipError } from '../../errors.ts';

const [BEGIN, END] = ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----'] as const;

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
    const roots = certificatesIn(await readFile(path, 'utf8'));
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

/** What is said around the certificates is left out. */
const certificatesIn = (pem: string): string[] =>
  pem
    .split(BEGIN)
    .slice(1)
    .flatMap((text) => (text.includes(END) ? `${BEGIN}${text.split(END, 1)[0]}${END}` : []));

/** Every object identifier that is looked for, by the standard that names it. */

/** RFC 5652, and the attributes of RFC 2985. */
export const cms = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  encryptedData: '1.2.840.113549.1.7.6',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  /** id-aa-timeStampToken and id-ct-TSTInfo, RFC 3161. */
  timestampToken: '1.2.840.113549.1.9.16.2.14',
  timestampInfo: '1.2.840.113549.1.9.16.1.4',
} as const;

/** Parts of names, and extensions: RFC 5280. */
export const x509 = {
  commonName: '2.5.4.3',
  organizationalUnit: '2.5.4.11',
  subjectKeyId: '2.5.29.14',
} as const;

/** PKCS#12: RFC 7292, with the schemes of RFC 8018 and RFC 9579. */
export const pkcs12 = {
  keyBag: '1.2.840.113549.1.12.10.1.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  nestedBag: '1.2.840.113549.1.12.10.1.6',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  pbmac1: '1.2.840.113549.1.5.14',
  sha1And3Key3Des: '1.2.840.113549.1.12.1.3',
  sha1And2Key3Des: '1.2.840.113549.1.12.1.4',
  sha1And128BitRc2: '1.2.840.113549.1.12.1.5',
  sha1And40BitRc2: '1.2.840.113549.1.12.1.6',
} as const;

export const ciphers = {
  aes128Cbc: '2.16.840.1.101.3.4.1.2',
  aes192Cbc: '2.16.840.1.101.3.4.1.22',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  desEde3Cbc: '1.2.840.113549.3.7',
} as const;

/** Apple's own. */
export const apple = {
  /** Plist of the 20-byte hashes of all CodeDirectories, and their whole digests by algorithm. */
  cdHashes: '1.2.840.113635.100.9.1',
  cdHashes2: '1.2.840.113635.100.9.2',
  /** Marker extensions of certificates, from the Worldwide Developer Relations certification practice statement. */
  iosDevelopment: '1.2.840.113635.100.6.1.2',
  iosDistribution: '1.2.840.113635.100.6.1.4',
  macAppDistribution: '1.2.840.113635.100.6.1.7',
  macAppSubmission: '1.2.840.113635.100.6.1.8',
  macDevelopment: '1.2.840.113635.100.6.1.12',
  developerIdApplication: '1.2.840.113635.100.6.1.13',
  developerIdInstaller: '1.2.840.113635.100.6.1.14',
  /** An extended key usage. */
  macInstaller: '1.2.840.113635.100.4.9',
} as const;

type Names = Readonly<Record<string, string>>;

/** Digest algorithms, by node:crypto's names. */
const digests: Names = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** RFC 8018, B.1.2. */
const hmacs: Names = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

/** Signature algorithms, each with the digest that it fixes; `''` when the digest is named beside it. */
const signatures: Names = {
  '1.2.840.113549.1.1.1': '',
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.2.1': '',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};

/** Name of a digest algorithm for node:crypto; undefined for any other OID. */
export const digestName = (oid: string): string | undefined => digests[oid];

/** Name of the digest of an HMAC; undefined for any other OID. */
export const hmacDigestName = (oid: string): string | undefined => hmacs[oid];

/**
 * Name of the digest that a signature is over.
 *
 * @param digest - the one that is named beside the algorithm
 * @returns undefined for an algorithm that is not known
 */
export function signatureDigestName(signatureOid: string, digest: string): string | undefined {
  const fixed = signatures[signatureOid];
  return fixed === '' ? digest : fixed;
}

import { createHash } from 'node:crypto';
import { type Asn1, Asn1Error, child, octets, oid, readAsn1, tagged } from '../identity/asn1.ts';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

export interface SignedContent {
  readonly content: Buffer;
  /** False when the content was changed after it was signed; undefined when the envelope does not tell. */
  readonly digestMatches: boolean | undefined;
}

/**
 * Takes the content out of a CMS SignedData envelope (RFC 5652), DER or BER. The signature itself is not checked:
 * Apple's devices do that, and a worker needs no trust in a profile, only its facts.
 *
 * @throws Asn1Error
 */
export function readSignedContent(bytes: Buffer): SignedContent {
  const envelope = readAsn1(bytes);
  if (oid(child(envelope, 0)) !== SIGNED_DATA) throw new Asn1Error('it is not signed data');
  const signedData = child(child(envelope, 1), 0);
  const holder = tagged(child(signedData, 2), 0);
  if (!holder) throw new Asn1Error('the signature holds no content');
  const content = octets(child(holder, 0));
  return { content, digestMatches: digestMatches(signedData, content) };
}

function digestMatches(signedData: Asn1, content: Buffer): boolean | undefined {
  const signer = signedData.children.at(-1)?.children[0];
  if (!signer || signer.children.length < 4) return undefined;
  const hash = HASHES[oid(child(child(signer, 2), 0))];
  const attributes = tagged(signer, 0)?.children ?? [];
  const digest = attributes.find((attribute) => oid(child(attribute, 0)) === MESSAGE_DIGEST);
  if (!hash || !digest) return undefined;
  return createHash(hash)
    .update(content)
    .digest()
    .equals(octets(child(child(digest, 1), 0)));
}

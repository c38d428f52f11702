import {
  type Asn1,
  Asn1Error,
  child,
  derOf,
  isOctets,
  octets,
  oid,
  readAsn1,
  tagged,
} from '../../formats/pkcs12/asn1.ts';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SEQUENCE = 16;
const MAX_CERTIFICATES = 32;

/** A CMS SignedData (RFC 5652, 5.1) in DER or BER, with its content inside and its first signer. */
export interface SignedContent {
  readonly content: Buffer;
  /** DER, as they came along. */
  readonly certificates: readonly Buffer[];
  readonly signer?: ContentSigner;
}

export interface ContentSigner {
  /** Names the certificate: by issuer and serial number, or by its key. */
  readonly id: SignerId;
  readonly digestOid: string;
  readonly signatureOid: string;
  readonly signature: Buffer;
  /** The signed attributes as the SET OF in DER that the signature is over; absent when it is over the content. */
  readonly signedBytes?: Buffer;
  readonly messageDigest?: Buffer;
}

export type SignerId =
  | { readonly issuer: Buffer; readonly serial: Buffer }
  | { readonly subjectKeyId: Buffer };

/** @throws Asn1Error */
export function readSignedContent(bytes: Buffer): SignedContent {
  const envelope = readAsn1(bytes);
  if (oid(child(envelope, 0)) !== SIGNED_DATA) throw new Asn1Error('it is not signed data');
  const signedData = child(child(envelope, 1), 0);
  const holder = tagged(child(signedData, 2), 0);
  if (!holder) throw new Asn1Error('the signature holds no content');
  const signer = signedData.children.at(-1)?.children[0];
  return {
    content: octets(child(holder, 0)),
    certificates: certificatesIn(signedData),
    ...(signer && { signer: readSigner(signer) }),
  };
}

/** Other forms than X.509 are tagged, and of no use here. */
const certificatesIn = (signedData: Asn1): Buffer[] =>
  (tagged(signedData, 0)?.children ?? [])
    .filter(({ tagClass, tag }) => tagClass === 'universal' && tag === SEQUENCE)
    .slice(0, MAX_CERTIFICATES)
    .map(({ raw }) => raw);

/** RFC 5652, 5.3: version, sid, digestAlgorithm, [0] signedAttrs, signatureAlgorithm, signature, [1] unsignedAttrs */
function readSigner(signer: Asn1): ContentSigner {
  const attributes = signer.children
    .slice(2)
    .find(({ tagClass, tag }) => tagClass === 'context' && tag === 0);
  const at = signer.children.findIndex((part, index) => index > 2 && isOctets(part));
  const digest = attributes?.children.find((attribute) => oid(child(attribute, 0)) === MESSAGE_DIGEST);
  return {
    id: readId(child(signer, 1)),
    digestOid: oid(child(child(signer, 2), 0)),
    signatureOid: oid(child(child(signer, at - 1), 0)),
    signature: octets(child(signer, at)),
    ...(attributes && { signedBytes: setOf(attributes) }),
    ...(digest && { messageDigest: octets(child(child(digest, 1), 0)) }),
  };
}

function readId(id: Asn1): SignerId {
  if (id.tagClass === 'context') return { subjectKeyId: octets(id) };
  return { issuer: child(id, 0).raw, serial: child(id, 1).content };
}

/** What is signed is the SET OF in DER, whatever was sent in its place (RFC 5652, 5.4). */
const setOf = (attributes: Asn1): Buffer => {
  const whole = derOf(attributes);
  return Buffer.concat([Buffer.from([0x31]), whole.subarray(1)]);
};

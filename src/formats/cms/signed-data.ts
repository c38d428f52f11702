import {
  type Asn1,
  Asn1Error,
  child,
  derOf,
  expectTag,
  isUniversal,
  octets,
  oidOf,
  serialHexOf,
  tagged,
  tags,
} from '../asn1/node.ts';
import { cms } from '../asn1/oids.ts';
import { type Asn1Form, readAsn1 } from '../asn1/read.ts';
import { checkEnvelope, checkSigner } from './signed-data-form.ts';

/** A CMS SignedData (RFC 5652, sections 5.1 and 5.3) with its first signer, every value as it was sent. */
export interface SignedData {
  /** How strictly it was read: the certificates in it are read alike. */
  readonly form: Asn1Form;
  readonly contentType: string;
  /** Absent in a detached signature. */
  readonly content?: Buffer;
  /** DER of each certificate, in the order sent. */
  readonly certificates: readonly Buffer[];
  /** Absent only in the tolerant form. */
  readonly signer?: SignerInfo;
}

export interface SignerInfo {
  readonly id: SignerId;
  readonly digestOid: string;
  readonly signatureOid: string;
  readonly signature: Buffer;
  /** The signed attributes as the SET OF that was signed; absent when the content is signed directly. */
  readonly signedBytes?: Buffer;
  /** The SET of values of each attribute, by its OID. */
  readonly signed: ReadonlyMap<string, Asn1>;
  readonly unsigned: ReadonlyMap<string, Asn1>;
}

/** Names the certificate of the signer: by issuer (DER of its name) and serial number, or by its key. */
export type SignerId =
  | { readonly issuer: Buffer; readonly serialHex: string }
  | { readonly subjectKeyId: Buffer };

const MAX_CMS_BYTES = 256 * 1024;
const MAX_CERTIFICATES = { exact: 16, tolerant: 32 } as const;

/**
 * Reads a CMS SignedData.
 *
 * @param form - `exact`, for code signatures and their time stamps: at most 256 KiB, one signer, named by issuer and
 *   serial number, and nothing that RFC 5652 does not allow, as nothing seals it. `tolerant`, for provisioning
 *   profiles, whose content is read even when the signature is not worth anything.
 * @throws Asn1Error
 */
export function readSignedData(bytes: Buffer, form: Asn1Form): SignedData {
  if (form === 'exact' && bytes.length > MAX_CMS_BYTES) throw new Asn1Error(`it has ${bytes.length} bytes`);
  const info = expectTag(readAsn1(bytes, form), tags.sequence);
  if (oidOf(info.children[0]) !== cms.signedData) throw new Asn1Error('it is no SignedData');
  const body = expectTag(tagged(info, 0)?.children[0], tags.sequence);
  if (form === 'exact') checkEnvelope(info, body);
  const signer = expectTag(body.children.at(-1), tags.set).children[0];
  return {
    form,
    ...readContent(expectTag(body.children[2], tags.sequence)),
    certificates: readCertificates(body, form),
    ...(signer && { signer: readSigner(expectTag(signer, tags.sequence), form) }),
  };
}

function readContent(encapsulated: Asn1): Pick<SignedData, 'contentType' | 'content'> {
  const contentType = oidOf(encapsulated.children[0]);
  const holder = tagged(encapsulated, 0);
  if (!holder) return { contentType };
  return { contentType, content: octets(expectTag(holder.children[0], tags.octetString)) };
}

/** Other forms than X.509 are tagged, and of no use here. */
function readCertificates(body: Asn1, form: Asn1Form): Buffer[] {
  const sent = tagged(body, 0)?.children ?? [];
  const max = MAX_CERTIFICATES[form];
  if (form === 'tolerant')
    return sent
      .filter((node) => isUniversal(node, tags.sequence))
      .slice(0, max)
      .map(({ raw }) => raw);
  if (sent.length > max) throw new Asn1Error(`it has ${sent.length} certificates`);
  return sent.map((certificate) => expectTag(certificate, tags.sequence).raw);
}

/** RFC 5652, 5.3: version, sid, digestAlgorithm, [0] signedAttrs, signatureAlgorithm, signature, [1] unsignedAttrs */
function readSigner(signer: Asn1, form: Asn1Form): SignerInfo {
  if (form === 'exact') checkSigner(signer);
  const [, id, digest, ...rest] = signer.children;
  const attributes = rest[0]?.tagClass === 'context' ? rest.shift() : undefined;
  const [signature, value, unsigned] = rest;
  return {
    id: readId(id, form),
    digestOid: oidOf(expectTag(digest, tags.sequence).children[0]),
    signatureOid: oidOf(expectTag(signature, tags.sequence).children[0]),
    signature: octets(expectTag(value, tags.octetString)),
    ...(attributes && { signedBytes: asSet(attributes, form) }),
    signed: readAttributes(attributes),
    unsigned: readAttributes(unsigned),
  };
}

function readId(node: Asn1 | undefined, form: Asn1Form): SignerId {
  if (form === 'tolerant' && node?.tagClass === 'context') return { subjectKeyId: octets(node) };
  const name = expectTag(node, tags.sequence);
  return { issuer: child(name, 0).raw, serialHex: serialHexOf(name.children[1]) };
}

/**
 * Signed is the SET OF in DER, although `[0]` is sent in its place (RFC 5652, 5.4). What must hold byte for byte is not
 * put into DER first: another encoding of it would pass.
 */
function asSet(attributes: Asn1, form: Asn1Form): Buffer {
  const whole = form === 'exact' ? attributes.raw : derOf(attributes);
  return Buffer.concat([Buffer.from([0x31]), whole.subarray(1)]);
}

function readAttributes(node: Asn1 | undefined): Map<string, Asn1> {
  const attributes = new Map<string, Asn1>();
  for (const attribute of node?.children ?? []) {
    const oid = oidOf(expectTag(attribute, tags.sequence).children[0]);
    if (attributes.has(oid)) throw new Asn1Error(`the attribute ${oid} is there twice`);
    attributes.set(oid, expectTag(attribute.children[1], tags.set));
  }
  return attributes;
}

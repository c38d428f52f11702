import { algorithmOf, contextChild, type DerNode, expectTag, oidOf, parseDer, tags } from './asn1.ts';
import { malformed } from './malformed.ts';

/** A CMS SignedData with one signer (RFC 5652, sections 5.1 and 5.3), every value as it was sent. */
export interface SignedData {
  readonly contentType: string;
  /** Absent in a detached signature. */
  readonly content?: Buffer;
  /** DER of each certificate, in the order sent. */
  readonly certificates: readonly Buffer[];
  readonly signer: SignerInfo;
}

export interface SignerInfo {
  /** DER of the issuer's name, and the serial number in hex without leading zeros. */
  readonly issuer: Buffer;
  readonly serialHex: string;
  readonly digestOid: string;
  readonly signatureOid: string;
  readonly signature: Buffer;
  /** The signed attributes as the SET that was signed; absent when the content is signed directly. */
  readonly signedBytes?: Buffer;
  readonly signed: ReadonlyMap<string, DerNode>;
  readonly unsigned: ReadonlyMap<string, DerNode>;
}

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const MAX_CERTIFICATES = 16;
const MAX_CMS_BYTES = 256 * 1024;

/** @param what - named in errors, e.g. `CMS signature` */
export function parseSignedData(der: Buffer, what: string): SignedData {
  if (der.length > MAX_CMS_BYTES) throw malformed(what, `it has ${der.length} bytes`);
  const info = expectTag(parseDer(der, what), tags.sequence, what);
  if (oidOf(info.children[0], what) !== SIGNED_DATA) throw malformed(what, 'it is no SignedData');
  const body = expectTag(contextChild(info, 0)?.children[0], tags.sequence, what);
  checkVersion(body, what);
  const [, algorithms, encapsulated, ...rest] = body.children;
  const signers = expectTag(rest.pop(), tags.set, what);
  checkOptional(info.children.slice(1), [0], what);
  checkOptional(rest, [0, 1], what);
  if (rest[0]?.tag === 1) throw malformed(what, 'it has revocation lists, but no certificates');
  if (signers.children.length !== 1) throw malformed(what, `it has ${signers.children.length} signers`);
  const signer = readSigner(signers.children[0], what);
  checkAlgorithms(expectTag(algorithms, tags.set, what), signer, what);
  return {
    ...readContent(expectTag(encapsulated, tags.sequence, what), what),
    certificates: readCertificates(body, what),
    signer,
  };
}

function checkVersion(node: DerNode, what: string): void {
  const version = expectTag(node.children[0], tags.integer, what).content;
  const known = version.length === 1 && (version[0] === 1 || version[0] === 3);
  if (!known) throw malformed(what, `its version is 0x${version.toString('hex', 0, 8)}`);
}

/** The digest of the signer must be announced, so that one-pass readers can verify (RFC 5652, 5.1). */
function checkAlgorithms(set: DerNode, signer: SignerInfo, what: string): void {
  const announced = set.children.map((algorithm) => algorithmOf(algorithm, what));
  if (!announced.includes(signer.digestOid))
    throw malformed(what, `the digest ${signer.digestOid} of its signer is not announced`);
}

/** Parts that may be left out: each at most once, in order, marked with its context tag. */
function checkOptional(parts: readonly DerNode[], allowed: readonly number[], what: string): void {
  const found = parts.map(({ tagClass, tag, children }) =>
    tagClass === 3 && children.length > 0 ? allowed.indexOf(tag) : -1,
  );
  const inOrder = found.every((place, index) => place >= 0 && place > (found[index - 1] ?? -1));
  if (!inOrder) throw malformed(what, 'it has parts that do not belong into it');
}

function readContent(encapsulated: DerNode, what: string): Pick<SignedData, 'contentType' | 'content'> {
  const contentType = oidOf(encapsulated.children[0], what);
  checkOptional(encapsulated.children.slice(1), [0], what);
  const wrapped = contextChild(encapsulated, 0);
  if (!wrapped) return { contentType };
  return { contentType, content: expectTag(wrapped.children[0], tags.octetString, what).content };
}

function readCertificates(body: DerNode, what: string): Buffer[] {
  const certificates = contextChild(body, 0)?.children ?? [];
  if (certificates.length > MAX_CERTIFICATES)
    throw malformed(what, `it has ${certificates.length} certificates`);
  return certificates.map((certificate) => expectTag(certificate, tags.sequence, what).raw);
}

function readSigner(node: DerNode | undefined, what: string): SignerInfo {
  const signer = expectTag(node, tags.sequence, what);
  checkVersion(signer, what);
  const [, name, digest, ...rest] = signer.children;
  const attributes = rest[0]?.tagClass === 3 ? rest.shift() : undefined;
  const [signature, value, ...unsigned] = rest;
  checkOptional(attributes ? [attributes] : [], [0], what);
  checkOptional(unsigned, [1], what);
  return {
    ...readName(name, what),
    digestOid: algorithmOf(digest, what),
    signatureOid: algorithmOf(signature, what),
    signature: expectTag(value, tags.octetString, what).content,
    ...(attributes && { signedBytes: asSet(attributes.raw) }),
    signed: readAttributes(attributes, what),
    unsigned: readAttributes(unsigned[0], what),
  };
}

function readName(node: DerNode | undefined, what: string): { issuer: Buffer; serialHex: string } {
  const name = expectTag(node, tags.sequence, what);
  return {
    issuer: expectTag(name.children[0], tags.sequence, what).raw,
    serialHex: serialOf(name.children[1], what),
  };
}

const serialOf = (node: DerNode | undefined, what: string): string =>
  expectTag(node, tags.integer, what)
    .content.toString('hex')
    .replace(/^(00)+/, '');

/** What a certificate is named by: TBSCertificate of RFC 5280, 4.1, with or without a version. */
export function issuerAndSerial(certificate: Buffer): Pick<SignerInfo, 'issuer' | 'serialHex'> {
  const what = 'certificate of the signature';
  const fields = expectTag(parseDer(certificate, what).children[0], tags.sequence, what).children;
  const [serial, , issuer] = fields[0]?.tagClass === 3 ? fields.slice(1) : fields;
  return { issuer: expectTag(issuer, tags.sequence, what).raw, serialHex: serialOf(serial, what) };
}

/** Signed is the SET OF, although `[0]` is sent in its place (RFC 5652, 5.4). */
const asSet = (raw: Buffer): Buffer => Buffer.concat([Buffer.from([0x31]), raw.subarray(1)]);

function readAttributes(node: DerNode | undefined, what: string): Map<string, DerNode> {
  const attributes = new Map<string, DerNode>();
  for (const attribute of node?.children ?? []) {
    const oid = oidOf(expectTag(attribute, tags.sequence, what).children[0], what);
    if (attributes.has(oid)) throw malformed(what, `the attribute ${oid} is there twice`);
    attributes.set(oid, expectTag(attribute.children[1], tags.set, what));
  }
  return attributes;
}

import { type Asn1, Asn1Error, expectTag, isUniversal, oidOf, tagged, tags } from '../asn1/node.ts';

/**
 * Checks that a SignedData has the parts that RFC 5652 gives it and no others, and one signer: whatever else is in it
 * is sealed by nothing, and readers could disagree on it.
 *
 * @param info - the ContentInfo
 * @param body - the SignedData in it
 * @throws Asn1Error
 */
export function checkEnvelope(info: Asn1, body: Asn1): void {
  checkVersion(body);
  const [, algorithms, encapsulated, ...rest] = body.children;
  const signers = expectTag(rest.pop(), tags.set);
  checkOptional(info.children.slice(1), [0]);
  checkOptional(rest, [0, 1]);
  if (rest[0]?.tag === 1) throw new Asn1Error('it has revocation lists, but no certificates');
  if (signers.children.length !== 1) throw new Asn1Error(`it has ${signers.children.length} signers`);
  checkContent(expectTag(encapsulated, tags.sequence));
  checkAnnounced(expectTag(algorithms, tags.set), expectTag(signers.children[0], tags.sequence));
}

function checkContent(encapsulated: Asn1): void {
  checkOptional(encapsulated.children.slice(1), [0]);
  const content = tagged(encapsulated, 0)?.children[0];
  if (content?.isConstructed) throw new Asn1Error('its content is in pieces');
}

/** The digest of the signer must be announced, so that one-pass readers can verify (RFC 5652, 5.1). */
function checkAnnounced(algorithms: Asn1, signer: Asn1): void {
  const announced = algorithms.children.map(algorithmOf);
  const digestOid = algorithmOf(signer.children[2]);
  if (!announced.includes(digestOid))
    throw new Asn1Error(`the digest ${digestOid} of its signer is not announced`);
}

/** The same for the one signer. @throws Asn1Error */
export function checkSigner(signer: Asn1): void {
  checkVersion(signer);
  const [, name, digest, ...rest] = signer.children;
  expectTag(expectTag(name, tags.sequence).children[0], tags.sequence);
  algorithmOf(digest);
  checkOptional(rest[0]?.tagClass === 'context' ? rest.splice(0, 1) : [], [0]);
  const [signature, value, ...unsigned] = rest;
  algorithmOf(signature);
  if (expectTag(value, tags.octetString).isConstructed) throw new Asn1Error('its signature is in pieces');
  checkOptional(unsigned, [1]);
}

function checkVersion(node: Asn1): void {
  const version = expectTag(node.children[0], tags.integer).content;
  const isKnown = version.length === 1 && (version[0] === 1 || version[0] === 3);
  if (!isKnown) throw new Asn1Error(`its version is 0x${version.toString('hex', 0, 8)}`);
}

/** The OID of an AlgorithmIdentifier; its parameters are absent or NULL in all algorithms that sign code. */
export function algorithmOf(node: Asn1 | undefined): string {
  const [oid, parameters, ...rest] = expectTag(node, tags.sequence).children;
  if (parameters && !(isUniversal(parameters, tags.null) && rest.length === 0))
    throw new Asn1Error('an algorithm in it has parameters');
  return oidOf(oid);
}

/** Parts that may be left out: each at most once, in order, marked with its context tag. */
function checkOptional(parts: readonly Asn1[], allowed: readonly number[]): void {
  const found = parts.map(({ tagClass, tag, children }) =>
    tagClass === 'context' && children.length > 0 ? allowed.indexOf(tag) : -1,
  );
  const isInOrder = found.every((place, index) => place >= 0 && place > (found[index - 1] ?? -1));
  if (!isInOrder) throw new Asn1Error('it has parts that do not belong into it');
}

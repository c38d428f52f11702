import { Bytes } from '../../formats/code-signature/bytes.ts';
import { malformed } from '../../formats/code-signature/malformed.ts';

/**
 * The designated requirement of a signature says which other code the system takes for the same: for permissions, the
 * keychain and updates. Signing makes it a chain of conditions joined by "and": the identifier, an anchor, fields of
 * certificates. One with an alternative would let in other code.
 * @see https://github.com/apple-oss-distributions/Security/blob/main/OSX/libsecurity_codesigning/lib/requirement.h
 */
const WHAT = 'designated requirement';
const HEADER_BYTES = 8;
const DESIGNATED = 3;
const EXPRESSION = 1;
const MAX_CONDITIONS = 32;
const operations = {
  identifier: 2,
  appleAnchor: 3,
  anchorHash: 4,
  and: 6,
  certificateField: 11,
  certificateGeneric: 14,
  appleGenericAnchor: 15,
} as const;
const ANCHORS: readonly number[] = [
  operations.appleAnchor,
  operations.anchorHash,
  operations.appleGenericAnchor,
];
/** They name a certificate of the chain and a value. */
const CERTIFICATE: readonly number[] = [
  operations.anchorHash,
  operations.certificateField,
  operations.certificateGeneric,
];
/** "exists" takes no value; all others of the known matches take one. */
const MATCH_EXISTS = 0;
const MAX_MATCH = 4;

/**
 * @param set - the blob of the requirement set, with its header; absent when the signature has none
 * @returns what differs from what signing makes, in the form `its …`
 * @throws ShipError SIGNATURE_MALFORMED
 */
export function requirementFault(
  set: Buffer | undefined,
  expected: { readonly identifier: string; readonly isNeeded: boolean },
): string | undefined {
  const requirement = set && onlyRequirement(new Bytes(set, WHAT));
  if (!requirement) return expected.isNeeded ? 'it has no designated requirement' : undefined;
  const found = conditions(requirement);
  if (!found) return 'its designated requirement holds for other code, too';
  const named = found.filter(({ operation }) => operation === operations.identifier);
  if (named.length !== 1 || named[0]?.text !== expected.identifier)
    return 'its designated requirement asks for another identifier';
  return found.some(({ operation }) => ANCHORS.includes(operation))
    ? undefined
    : 'its designated requirement holds for code of anybody';
}

function onlyRequirement(bytes: Bytes): Bytes | undefined {
  const count = bytes.u32(HEADER_BYTES);
  const hasMore = (end: number) => end !== bytes.length;
  if (count === 0) {
    if (hasMore(HEADER_BYTES + 4)) throw malformed(WHAT, 'there are bytes behind its end');
    return undefined;
  }
  if (count !== 1 || bytes.u32(HEADER_BYTES + 4) !== DESIGNATED)
    throw malformed(WHAT, 'there are requirements of other kinds');
  const at = bytes.u32(HEADER_BYTES + 8);
  const sizeBytes = bytes.u32(at + 4);
  if (at !== HEADER_BYTES + 12 || hasMore(at + sizeBytes))
    throw malformed(WHAT, 'there are bytes outside of it');
  return new Bytes(bytes.range(at, sizeBytes), WHAT);
}

interface Condition {
  readonly operation: number;
  /** Of the identifier. */
  readonly text?: string;
}

/** All conditions; nothing when one is of a kind that signing does not use. */
function conditions(bytes: Bytes): Condition[] | undefined {
  if (bytes.u32(HEADER_BYTES) !== EXPRESSION) return undefined;
  const found: Condition[] = [];
  let at = HEADER_BYTES + 4;
  const next = (): number => {
    at += 4;
    return bytes.u32(at - 4);
  };
  const data = (): Buffer => {
    const length = next();
    const value = bytes.range(at, length);
    at += Math.ceil(length / 4) * 4;
    return value;
  };
  const skipCondition = (hasMatch: boolean): boolean => {
    next();
    data();
    const match = hasMatch ? next() : MATCH_EXISTS;
    if (match !== MATCH_EXISTS) data();
    return match <= MAX_MATCH;
  };
  for (let wanted = 1; wanted > 0; wanted -= 1) {
    const operation = next();
    const isOverCertificate = CERTIFICATE.includes(operation);
    if (found.length > MAX_CONDITIONS) return undefined;
    if (operation === operations.and) wanted += 2;
    else if (operation === operations.identifier) found.push({ operation, text: data().toString('utf8') });
    else if (!isOverCertificate && !ANCHORS.includes(operation)) return undefined;
    else found.push({ operation });
    if (isOverCertificate && !skipCondition(operation !== operations.anchorHash)) return undefined;
  }
  return at === bytes.length ? found : undefined;
}

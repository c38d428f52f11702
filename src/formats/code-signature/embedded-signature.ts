import { isUtf8 } from 'node:buffer';
import { Bytes, isAllZero } from './bytes.ts';
import { type CodeDirectory, codeFlags, parseCodeDirectory } from './code-directory.ts';
import { malformed } from './malformed.ts';
import { looksLikeTicket } from './ticket.ts';

/** Slots of a superblob (`CSSLOT_*`); those below 0x1000 are also the numbers of special slots. */
export const slots = {
  codeDirectory: 0,
  infoPlist: 1,
  requirements: 2,
  codeResources: 3,
  entitlements: 5,
  repSpecific: 6,
  derEntitlements: 7,
  launchConstraintSelf: 8,
  launchConstraintParent: 9,
  launchConstraintResponsible: 10,
  libraryConstraint: 11,
  alternateCodeDirectories: 0x1000,
  cms: 0x10000,
  ticket: 0x10002,
} as const;

const magics = {
  embedded: 0xfade0cc0,
  codeDirectory: 0xfade0c02,
  requirements: 0xfade0c01,
  entitlements: 0xfade7171,
  derEntitlements: 0xfade7172,
  blobWrapper: 0xfade0b01,
} as const;

const MAX_BLOBS = 64;
const MAX_ALTERNATES = 5;
const BLOB_HEADER_BYTES = 8;

/** What a signature embedded in a Mach-O slice or a disk image holds, parsed but not yet checked. */
export interface EmbeddedSignature {
  readonly sizeBytes: number;
  /** The primary one (slot 0) first, then the alternates. */
  readonly codeDirectories: readonly [CodeDirectory, ...CodeDirectory[]];
  /** The one that the kernel uses: the strongest digest. */
  readonly strongest: CodeDirectory;
  /** Whole blobs (with their header) by slot: what the special slots are digests of. */
  readonly blobs: ReadonlyMap<number, Buffer>;
  /** No certificate: the signature names nobody. */
  readonly adHoc: boolean;
  /** A designated requirement is in the requirement set. */
  readonly hasDesignatedRequirement: boolean;
  readonly entitlementsXml?: string;
  readonly entitlementsDer?: Buffer;
  /** The CMS signature (DER); left out when the wrapper is empty, as in ad hoc signatures. */
  readonly cms?: Buffer;
  readonly hasStapledTicket: boolean;
  /** What is stapled does not begin as a notarization ticket does. */
  readonly hasUnknownTicket: boolean;
  /** Bytes between the blobs that are not zero: nothing seals them. */
  readonly hasUnsealedBytes: boolean;
}

/**
 * Parses a superblob. `region` may be longer than the superblob (Mach-O files reserve room); the length in
 * the header decides.
 *
 * @throws ShipError SIGNATURE_MALFORMED
 */
export function parseEmbeddedSignature(region: Buffer): EmbeddedSignature {
  const head = new Bytes(region, 'code signature');
  if (head.u32(0) !== magics.embedded)
    throw malformed('code signature', `it starts with 0x${head.u32(0).toString(16)}, not 0xfade0cc0`);
  const bytes = new Bytes(head.range(0, head.u32(4)), 'code signature');
  const blobs = readBlobs(bytes);
  const codeDirectories = readCodeDirectories(blobs);
  const [primary] = codeDirectories;
  const cms = payload(blobs, slots.cms, magics.blobWrapper);
  const xml = payload(blobs, slots.entitlements, magics.entitlements);
  const der = payload(blobs, slots.derEntitlements, magics.derEntitlements);
  if (xml && !isUtf8(xml)) throw malformed('code signature', 'its entitlements are no text');
  const ticket = blobs.get(slots.ticket)?.subarray(BLOB_HEADER_BYTES);
  return {
    sizeBytes: bytes.length,
    codeDirectories,
    strongest: codeDirectories.reduce((best, next) => (next.hash.rank > best.hash.rank ? next : best)),
    blobs,
    adHoc: (primary.flags & codeFlags.adHoc) !== 0,
    hasDesignatedRequirement: hasDesignated(payload(blobs, slots.requirements, magics.requirements)),
    ...(xml && { entitlementsXml: xml.toString('utf8') }),
    ...(der && { entitlementsDer: der }),
    ...(cms && cms.length > 0 && { cms }),
    hasStapledTicket: ticket !== undefined,
    hasUnknownTicket: ticket !== undefined && !looksLikeTicket(ticket),
    hasUnsealedBytes: !gapsAreZero(bytes, blobs),
  };
}

function readBlobs(bytes: Bytes): Map<number, Buffer> {
  const count = bytes.u32(8);
  if (count === 0 || count > MAX_BLOBS) throw malformed('code signature', `it counts ${count} blobs`);
  const blobs = new Map<number, Buffer>();
  for (let index = 0; index < count; index += 1) {
    const [slot, offset] = [bytes.u32(12 + index * 8), bytes.u32(16 + index * 8)];
    if (blobs.has(slot)) throw malformed('code signature', `slot ${slot} is there twice`);
    const length = bytes.u32(offset + 4);
    if (length < BLOB_HEADER_BYTES)
      throw malformed('code signature', `the blob in slot ${slot} has ${length} bytes`);
    blobs.set(slot, bytes.range(offset, length));
  }
  assertApart(bytes, blobs);
  return blobs;
}

const inOrder = (blobs: ReadonlyMap<number, Buffer>): Buffer[] =>
  [...blobs.values()].sort((a, b) => a.byteOffset - b.byteOffset);

/** Before anything is hashed: parts that overlap would be hashed once for each. */
function assertApart({ buffer }: Bytes, blobs: ReadonlyMap<number, Buffer>): void {
  let end = 12 + blobs.size * 8;
  for (const blob of inOrder(blobs)) {
    const offset = blob.byteOffset - buffer.byteOffset;
    if (offset < end) throw malformed('code signature', `two of its parts overlap at ${offset}`);
    end = offset + blob.length;
  }
}

function readCodeDirectories(blobs: ReadonlyMap<number, Buffer>): [CodeDirectory, ...CodeDirectory[]] {
  const primary = codeDirectoryAt(blobs, slots.codeDirectory);
  if (!primary) throw malformed('code signature', 'it has no CodeDirectory');
  const alternates = Array.from({ length: MAX_ALTERNATES }, (_, index) =>
    codeDirectoryAt(blobs, slots.alternateCodeDirectories + index),
  );
  return [primary, ...alternates.filter((directory) => directory !== undefined)];
}

function codeDirectoryAt(blobs: ReadonlyMap<number, Buffer>, slot: number): CodeDirectory | undefined {
  const blob = blobs.get(slot);
  if (!blob) return undefined;
  if (blob.readUInt32BE(0) !== magics.codeDirectory)
    throw malformed('code signature', `the blob in slot ${slot} is no CodeDirectory`);
  return parseCodeDirectory(blob);
}

function payload(blobs: ReadonlyMap<number, Buffer>, slot: number, magic: number): Buffer | undefined {
  const blob = blobs.get(slot);
  if (!blob) return undefined;
  if (blob.readUInt32BE(0) !== magic)
    throw malformed('code signature', `the blob in slot ${slot} has magic 0x${blob.toString('hex', 0, 4)}`);
  return blob.subarray(BLOB_HEADER_BYTES);
}

/** `kSecDesignatedRequirementType` of Apple's CSCommon.h. */
const DESIGNATED = 3;

function hasDesignated(set: Buffer | undefined): boolean {
  if (!set) return false;
  const bytes = new Bytes(set, 'requirement set');
  const count = Math.min(bytes.u32(0), MAX_BLOBS);
  return Array.from({ length: count }, (_, index) => bytes.u32(4 + index * 8)).includes(DESIGNATED);
}

function gapsAreZero(bytes: Bytes, blobs: ReadonlyMap<number, Buffer>): boolean {
  const start = bytes.buffer.byteOffset;
  let end = 12 + blobs.size * 8;
  for (const blob of inOrder(blobs)) {
    const offset = blob.byteOffset - start;
    if (!isAllZero(bytes.range(end, offset - end))) return false;
    end = offset + blob.length;
  }
  // linkers round the length up; what signs with an identity does not
  const isRounded = (blobs.get(slots.cms)?.length ?? 0) <= BLOB_HEADER_BYTES || blobs.has(slots.ticket);
  return isRounded ? isAllZero(bytes.range(end, bytes.length - end)) : end === bytes.length;
}

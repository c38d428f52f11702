import { type CodeDirectory, codeFlags } from '../../formats/code-signature/code-directory.ts';
import { parseDerEntitlements } from '../../formats/code-signature/der-entitlements.ts';
import { directoryFormFault, type TextSegment } from '../../formats/code-signature/directory-form.ts';
import { type EmbeddedSignature, slots } from '../../formats/code-signature/embedded-signature.ts';
import { type PlistDict, parsePlistDict, plistEquals } from '../../formats/plist/index.ts';
import { requirementFault } from './designated-requirement.ts';
import { hasAsides } from './plain-xml.ts';

/** What was asked for of the signature of one architecture, or of a disk image. */
export interface ExpectedSignature {
  /** Any of them. */
  readonly identifiers: readonly string[];
  /** Apple's codesign makes the identifier of a bare file unique by a suffix when it signs ad hoc: `tool-5555…`. */
  readonly uniqueStem?: string;
  /** Any of them; `undefined` for none. */
  readonly teamIds: readonly (string | undefined)[];
  /** All flags of the CodeDirectory, as bits. */
  readonly flags: number;
  /** Any of them, `undefined` for none: of the hardened runtime. Left out where the code does not say its SDK. */
  readonly runtimeVersions?: readonly (string | undefined)[];
  /** Signing by an identity gives code a designated requirement; disk images have none. */
  readonly hasRequirement: boolean;
  /** Of a program (MH_EXECUTE), whose entitlements the system reads in their DER form. */
  readonly isProgram: boolean;
  /** Left out for a disk image. */
  readonly textSegment?: TextSegment;
  readonly entitlements: PlistDict;
  /** The text that the code had them in, where signing may keep it. */
  readonly keptEntitlementsXml?: string;
  /** A ticket was attached after signing, by us. */
  readonly stapled?: boolean;
  /** Parts that signing carries over from the signature before, by slot. */
  readonly kept?: ReadonlyMap<number, Buffer>;
}

/** What rcodesign 0.29.0 and Apple's codesign write: SHA-256, behind SHA-1 for systems that know nothing else. */
const DIGESTS = ['sha256', 'sha1 sha256'];
const KEPT_SLOTS: readonly number[] = [
  slots.launchConstraintSelf,
  slots.launchConstraintParent,
  slots.launchConstraintResponsible,
  slots.libraryConstraint,
];
const KNOWN_SLOTS: readonly number[] = [
  slots.codeDirectory,
  slots.requirements,
  slots.entitlements,
  slots.derEntitlements,
  slots.alternateCodeDirectories,
  slots.cms,
];

/** Flags of the executable segment (`CS_EXECSEG_*`), and the entitlement that sets each. */
const MAIN_BINARY = 0x1;
const segmentFlags: ReadonlyArray<readonly [string, number]> = [
  ['get-task-allow', 0x10],
  ['com.apple.security.get-task-allow', 0x10],
  ['run-unsigned-code', 0x10],
  ['com.apple.private.cs.debugger', 0x20],
  ['dynamic-codesigning', 0x40],
  ['com.apple.private.skip-library-validation', 0x80],
  ['com.apple.private.amfi.can-load-cdhash', 0x100],
  ['com.apple.private.amfi.can-execute-cdhash', 0x200],
];

/**
 * Holds a signature against what was asked for. That its digests and its CMS signature hold is another question.
 *
 * @returns what differs, in words, in the form `its …`; nothing when all is as asked
 * @throws ShipError SIGNATURE_MALFORMED
 */
export function signatureMismatch(
  signature: EmbeddedSignature,
  expected: ExpectedSignature,
): string | undefined {
  const digests = signature.codeDirectories.map(({ hash }) => hash.name).join(' ');
  if (!DIGESTS.includes(digests)) return `its digests are ${digests}`;
  for (const directory of signature.codeDirectories) {
    const mismatch =
      directoryMismatch(directory, expected) ?? directoryFormFault(directory, expected.textSegment);
    if (mismatch) return mismatch;
  }
  const requirement = requirementFault(signature.blobs.get(slots.requirements), {
    identifier: signature.strongest.identifier,
    isNeeded: expected.hasRequirement,
  });
  return requirement ?? partMismatch(signature, expected) ?? entitlementMismatch(signature, expected);
}

function directoryMismatch(
  { identifier, teamId, flags, executableSegment, runtimeVersion }: CodeDirectory,
  expected: ExpectedSignature,
): string | undefined {
  if (!isExpectedIdentifier(identifier, expected)) return `its identifier is ${JSON.stringify(identifier)}`;
  if (!expected.teamIds.includes(teamId)) return `its team is ${teamId ?? 'not named'}`;
  if (flags !== expected.flags) return `its flags are 0x${flags.toString(16)}`;
  if (expected.runtimeVersions?.includes(runtimeVersion) === false)
    return `its hardened runtime is of version ${runtimeVersion ?? 'none'}`;
  const segment = executableSegment?.flags ?? 0;
  return segmentFlagsFor(expected).includes(segment)
    ? undefined
    : `its executable segment has the flags 0x${segment.toString(16)}`;
}

function isExpectedIdentifier(identifier: string, { identifiers, uniqueStem }: ExpectedSignature): boolean {
  if (identifiers.includes(identifier)) return true;
  if (uniqueStem === undefined || !identifier.startsWith(`${uniqueStem}-`)) return false;
  return /^[0-9a-f]{32,128}$/.test(identifier.slice(uniqueStem.length + 1));
}

/** Old CodeDirectories have no such flags, and tools differ in whether they set those of macOS' own debugging key. */
function segmentFlagsFor({ isProgram, entitlements }: ExpectedSignature): number[] {
  if (!isProgram) return [0];
  const asked = segmentFlags.filter(([key]) => entitlements[key] === true);
  const all = asked.reduce((bits, [, bit]) => bits | bit, MAIN_BINARY);
  const withoutMacKey = asked
    .filter(([key]) => key !== 'com.apple.security.get-task-allow')
    .reduce((bits, [, bit]) => bits | bit, MAIN_BINARY);
  return [all, withoutMacKey];
}

function partMismatch(
  { blobs }: EmbeddedSignature,
  { kept, stapled }: ExpectedSignature,
): string | undefined {
  for (const [slot, blob] of blobs) {
    if (KNOWN_SLOTS.includes(slot) || (stapled && slot === slots.ticket)) continue;
    if (!KEPT_SLOTS.includes(slot)) return `it has a part of an unknown kind (slot ${slot})`;
    if (!kept?.get(slot)?.equals(blob)) return `its launch or library constraints (slot ${slot}) are others`;
  }
  return undefined;
}

function entitlementMismatch(
  { entitlementsXml, entitlementsDer }: EmbeddedSignature,
  { entitlements, isProgram, keptEntitlementsXml }: ExpectedSignature,
): string | undefined {
  const wanted = Object.keys(entitlements).length > 0;
  const xml = entitlementsXml === undefined ? {} : parsedXml(entitlementsXml);
  if (!xml || !plistEquals(xml, entitlements)) return 'its entitlements are others';
  if (entitlementsXml !== keptEntitlementsXml && hasAsides(entitlementsXml ?? ''))
    return 'its entitlements hold text that readers may take in different ways';
  if (!entitlementsDer) return wanted && isProgram ? 'it lacks its entitlements in DER form' : undefined;
  return plistEquals(parseDerEntitlements(entitlementsDer), entitlements)
    ? undefined
    : 'its entitlements in DER form are others';
}

function parsedXml(xml: string): PlistDict | undefined {
  try {
    return parsePlistDict(Buffer.from(xml), { name: 'entitlements', uniqueKeys: true });
  } catch {
    return undefined;
  }
}

/** The flags that signing carries over from the signature before, when none are asked for. */
export const keptFlags = (flags: number): number => flags & ~(codeFlags.adHoc | codeFlags.linkerSigned);

import type { CmsFacts } from '../../formats/code-signature/cms.ts';
import { codeFlags } from '../../formats/code-signature/code-directory.ts';
import type { EmbeddedSignature } from '../../formats/code-signature/embedded-signature.ts';

/** What one signature says, as plain values to show, log or compare. */
export interface SignatureFacts {
  /** `arm64`, `x86_64`, …; empty for a disk image. */
  readonly architecture: string;
  readonly identifier: string;
  /** What the Info.plist inside the file says, for code without a bundle: codesign signs it under that. */
  readonly embeddedId?: string;
  readonly teamId?: string;
  readonly flags: readonly string[];
  readonly adHoc: boolean;
  readonly hardenedRuntime: boolean;
  readonly runtimeVersion?: string;
  /** Hex of 20 bytes, of the strongest CodeDirectory: what the system, the notary and tickets know it by. */
  readonly cdHash: string;
  /** Of every CodeDirectory, the primary one first. */
  readonly cdHashes: readonly string[];
  readonly digests: readonly string[];
  readonly hasDesignatedRequirement: boolean;
  readonly entitlementsXml?: string;
  readonly hasDerEntitlements: boolean;
  readonly hasStapledTicket: boolean;
  readonly hasUnknownTicket: boolean;
  /** Flags of the executable segment: 1 main binary, 0x10 allow unsigned (get-task-allow), … */
  readonly executableSegmentFlags: number;
  readonly cms?: CmsFacts;
}

export function signatureFacts(
  architecture: string,
  signature: EmbeddedSignature,
  cms: CmsFacts | undefined,
  embeddedId?: string,
): SignatureFacts {
  const { strongest, codeDirectories, entitlementsXml } = signature;
  const { teamId, runtimeVersion } = strongest;
  return {
    architecture,
    identifier: strongest.identifier,
    ...(embeddedId !== undefined && { embeddedId }),
    ...(teamId !== undefined && { teamId }),
    flags: strongest.flagNames,
    adHoc: signature.adHoc,
    hardenedRuntime: (strongest.flags & codeFlags.runtime) !== 0,
    ...(runtimeVersion !== undefined && { runtimeVersion }),
    cdHash: strongest.cdHash.toString('hex'),
    cdHashes: codeDirectories.map(({ cdHash }) => cdHash.toString('hex')),
    digests: codeDirectories.map(({ hash }) => hash.name),
    hasDesignatedRequirement: signature.hasDesignatedRequirement,
    ...(entitlementsXml !== undefined && { entitlementsXml }),
    hasDerEntitlements: signature.entitlementsDer !== undefined,
    hasStapledTicket: signature.hasStapledTicket,
    hasUnknownTicket: signature.hasUnknownTicket,
    executableSegmentFlags: strongest.executableSegment?.flags ?? 0,
    ...(cms && { cms }),
  };
}

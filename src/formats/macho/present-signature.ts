import { ShipError } from '../../errors.ts';
import { isAllZero } from '../code-signature/bytes.ts';
import { parseEmbeddedSignature } from '../code-signature/embedded-signature.ts';
import type { ByteSource, MachOFacts, MachOSlice } from './types.ts';

/** As much as the check of a signed file reads. */
const MAX_SIGNATURE_BYTES = 16 * 1024 * 1024;

/** As much as the start of a signature takes: see `fillEmptyRooms`. */
const MIN_ROOM_BYTES = 12;

type Present = Pick<MachOSlice, 'signatureFault' | 'hasEmptyRoom' | 'hasEntitlements'>;

/**
 * Reads the signatures that code has already. rcodesign 0.29.0 reads them too, before it makes new ones, and fails on
 * what is damaged; codesign puts a new one in its place.
 *
 * @returns the facts, with `signatureFault` in each slice whose present signature is in the way of a new one
 */
export async function withPresentSignatures(source: ByteSource, facts: MachOFacts): Promise<MachOFacts> {
  let bytesLeft = MAX_SIGNATURE_BYTES;
  const slices: MachOSlice[] = [];
  for (const slice of facts.slices) {
    bytesLeft -= slice.signature?.sizeBytes ?? 0;
    slices.push({ ...slice, ...(await presentSignature(source, slice, bytesLeft)) });
  }
  return { ...facts, slices };
}

async function presentSignature(
  source: ByteSource,
  { offset, signature }: MachOSlice,
  bytesLeft: number,
): Promise<Present> {
  if (!signature) return {};
  if (bytesLeft < 0)
    return {
      signatureFault: `The signatures of its architectures take more than ${MAX_SIGNATURE_BYTES} bytes`,
    };
  const region = await source.read(offset + signature.offset, signature.sizeBytes);
  if (!isAllZero(region)) return signatureIn(region);
  return region.length < MIN_ROOM_BYTES
    ? { signatureFault: `There is room for it of ${region.length} bytes, and nothing in it` }
    : { hasEmptyRoom: true };
}

function signatureIn(region: Buffer): Present {
  try {
    return parseEmbeddedSignature(region).entitlementsXml === undefined ? {} : { hasEntitlements: true };
  } catch (error) {
    if (!(error instanceof ShipError)) throw error;
    return { signatureFault: `It is damaged: ${error.failure.reason.replace(/[.]$/, '')}` };
  }
}

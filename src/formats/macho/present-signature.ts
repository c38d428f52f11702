import { ShipError } from '../../errors.ts';
import { isAllZero } from '../code-signature/bytes.ts';
import { parseEmbeddedSignature } from '../code-signature/embedded-signature.ts';
import type { ByteSource, MachOFacts, MachOSlice } from './types.ts';

/** As much as the check of a signed file reads. */
const MAX_SIGNATURE_BYTES = 16 * 1024 * 1024;

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
    const signatureFault = await whyInTheWay(source, slice, bytesLeft);
    slices.push(signatureFault === undefined ? slice : { ...slice, signatureFault });
  }
  return { ...facts, slices };
}

async function whyInTheWay(
  source: ByteSource,
  { offset, signature }: MachOSlice,
  bytesLeft: number,
): Promise<string | undefined> {
  if (!signature) return undefined;
  if (bytesLeft < 0) return `The signatures of its architectures take more than ${MAX_SIGNATURE_BYTES} bytes`;
  const region = await source.read(offset + signature.offset, signature.sizeBytes);
  if (isAllZero(region)) return 'There is room for it, and nothing in it';
  const fault = faultOf(region);
  return fault && `It is damaged: ${fault}`;
}

function faultOf(region: Buffer): string | undefined {
  try {
    parseEmbeddedSignature(region);
    return undefined;
  } catch (error) {
    if (!(error instanceof ShipError)) throw error;
    return error.failure.reason.replace(/[.]$/, '');
  }
}

import type { ArchivedCodeLack } from '../../domain/bundle/index.ts';
import { ShipError } from '../../errors.ts';
import { checkCms } from '../../formats/code-signature/cms.ts';
import { codeFlags } from '../../formats/code-signature/code-directory.ts';
import { readMachOSignature, type SliceSignature } from '../code-signature/read-signature.ts';

/** MH_EXECUTE of Apple's <mach-o/loader.h>. */
const PROGRAM = 2;

/**
 * What the signature of a Mach-O file lacks that Apple's notary service asks for: "The binary is not signed", "The
 * signature does not include a secure timestamp", "The executable does not have the hardened runtime enabled".
 *
 * @see https://developer.apple.com/documentation/security/resolving-common-notarization-issues
 */
export async function lacksOf(path: string): Promise<ArchivedCodeLack[]> {
  try {
    const { slices } = await readMachOSignature(path);
    return [...new Set(slices.flatMap(lacksOfSlice))];
  } catch (error) {
    // what cannot be read is no signature
    if (error instanceof ShipError) return ['signature'];
    throw error;
  }
}

function lacksOfSlice({ signature, layout }: SliceSignature): ArchivedCodeLack[] {
  if (!signature?.cms) return ['signature'];
  const { timestamp } = checkCms(signature.cms, signature).facts;
  const isHardened = (signature.strongest.flags & codeFlags.runtime) !== 0;
  return [
    ...(timestamp ? [] : (['time stamp'] as const)),
    ...(isHardened || layout.fileType !== PROGRAM ? [] : (['hardened runtime'] as const)),
  ];
}

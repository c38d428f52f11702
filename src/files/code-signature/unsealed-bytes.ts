import { isAllZero } from '../../formats/code-signature/bytes.ts';
import { type Problem, problem } from '../../formats/code-signature/problem.ts';
import { FAT_HEADER_BYTES, fatHeaderSize } from '../../formats/macho/slices.ts';
import type { SliceSignature } from './read-signature.ts';
import type { SignedFile } from './signed-file.ts';

/**
 * What no digest covers must be padding, that is zeros: otherwise a file could carry content past every seal.
 *
 * @param place - ends the sentence "There are bytes …"
 */
export async function paddingProblems(
  file: SignedFile,
  range: { readonly start: number; readonly end: number; readonly place: string },
  signal: AbortSignal,
): Promise<Problem[]> {
  const clean = await isZeroRange(file, range.start, range.end, signal);
  return clean ? [] : [problem('CODE_UNSEALED', `There are bytes ${range.place} that nothing seals.`)];
}

/**
 * Apple's codesign fills the room that a file already has for its signature from the front and leaves the rest as it
 * was, so that the end of an earlier, longer signature stays there (seen in Xcode 15 to 26).
 */
export type Leftovers = 'refused' | 'tolerated';

/** The room for a signature behind the signature itself. */
export async function roomProblems(
  file: SignedFile,
  { start, end }: { readonly start: number; readonly end: number },
  leftovers: Leftovers,
): Promise<Problem[]> {
  const rest = await file.read(start, Math.max(0, end - start));
  if (isAllZero(rest) || (leftovers === 'tolerated' && isEndOfSignature(rest))) return [];
  return [problem('CODE_UNSEALED', 'There are bytes behind the signature that nothing seals.')];
}

/** Certificates, signatures and time stamps have no zeros to speak of; single bytes among zeros are something else. */
const MIN_LEFTOVER_BYTES = 64;
const ZEROS = Buffer.alloc(32);

function isEndOfSignature(rest: Buffer): boolean {
  const end = rest.findLastIndex((byte) => byte !== 0) + 1;
  return end >= MIN_LEFTOVER_BYTES && !rest.subarray(0, end).includes(ZEROS);
}

/** The same for what lies before, between and behind the architectures of a universal file. */
export async function gapProblems(
  file: SignedFile,
  slices: readonly SliceSignature[],
  signal: AbortSignal,
): Promise<Problem[]> {
  if (!slices[0]?.claimedCpu) return [];
  const head = await file.read(0, Math.min(FAT_HEADER_BYTES, file.sizeBytes));
  const ends = [
    fatHeaderSize(head, slices.length),
    ...slices.map(({ offset, sizeBytes }) => offset + sizeBytes),
  ];
  const starts = [...slices.map(({ offset }) => offset), file.sizeBytes];
  const problems: Problem[] = [];
  for (const [index, start] of ends.entries()) {
    const gap = { start, end: starts[index] ?? start, place: 'between the architectures' };
    problems.push(...(await paddingProblems(file, gap, signal)));
  }
  return problems.slice(0, 1);
}

async function isZeroRange(
  file: SignedFile,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const chunk of file.chunks(start, Math.max(0, end - start), signal))
    if (!isAllZero(chunk)) return false;
  return true;
}

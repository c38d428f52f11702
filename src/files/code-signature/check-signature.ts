import { identifierIn } from '../../domain/code-signature/code-identifier.ts';
import { type CmsFacts, checkCms } from '../../formats/code-signature/cms.ts';
import type { EmbeddedSignature } from '../../formats/code-signature/embedded-signature.ts';
import { type Finding, type Problem, problem } from '../../formats/code-signature/problem.ts';
import { type BoundContent, specialSlotProblems } from '../../formats/code-signature/special-slots.ts';
import { pageProblems } from './code-pages.ts';
import { malformedAsProblem, malformedProblem } from './malformed-as-problem.ts';
import { isDmg, isMachO, readDmg, readSlices, type SliceSignature, unknownFormat } from './read-signature.ts';
import { type SignatureFacts, signatureFacts } from './signature-facts.ts';
import { type SignedFile, withSignedFile } from './signed-file.ts';
import { gapProblems, type Leftovers, paddingProblems, roomProblems } from './unsealed-bytes.ts';

export interface CheckOptions {
  readonly signal: AbortSignal;
  /** How findings name the file; the empty text by default. */
  readonly label?: string;
  /** For the main executable of a bundle; without it, an Info.plist inside the Mach-O counts. */
  readonly bound?: BoundContent;
  /** What is left of an earlier, longer signature behind this one; a finding unless it is tolerated. */
  readonly leftovers?: Leftovers;
}

/** All signatures of one file, and everything in which they do not hold. No findings: every seal holds. */
export interface CodeReport {
  readonly path: string;
  /** One for each architecture that is signed. */
  readonly signatures: readonly SignatureFacts[];
  readonly findings: readonly Finding[];
}

/**
 * Checks the signature of one Mach-O file or disk image: digests of all code pages and special slots, the CMS
 * signature, and that nothing lies beside what is signed. Independent of the tool that signed.
 * What is broken is a finding; only what keeps us from looking is thrown.
 *
 * @throws ShipError CODE_FORMAT_UNKNOWN · SIGNED_FILE_UNREADABLE · the signal's reason when aborted
 */
export async function checkSignature(path: string, options: CheckOptions): Promise<CodeReport> {
  return withSignedFile(path, async (file) => {
    const check = (await isMachO(file)) ? checkMachO : (await isDmg(file)) ? checkDmg : undefined;
    if (!check) throw unknownFormat();
    const signatures: SignatureFacts[] = [];
    const problems = await malformedAsProblem(() => check(file, options, signatures));
    const label = options.label ?? '';
    return { path: label, signatures, findings: problems.map((found) => ({ ...found, path: label })) };
  });
}

const unsigned = (): Problem => problem('SIGNATURE_MISSING', 'The code is not signed.');

async function checkMachO(
  file: SignedFile,
  options: CheckOptions,
  signatures: SignatureFacts[],
): Promise<Problem[]> {
  const slices = await readSlices(file);
  const problems = await gapProblems(file, slices, options.signal);
  for (const slice of slices) {
    const found = await malformedAsProblem(() => checkSlice(file, slice, options, signatures));
    const place = slices.length > 1 ? `${slice.layout.architecture}: ` : '';
    problems.push(...found.map(({ code, message }) => problem(code, `${place}${message}`)));
  }
  return [...problems, ...signerProblems(signatures)];
}

/** The hash of one architecture seals nested code, so another signer could have exchanged the others. */
function signerProblems(signatures: readonly SignatureFacts[]): Problem[] {
  const signers = new Set(signatures.map(({ cms }) => cms?.signer?.sha256Hex));
  if (signers.size < 2) return [];
  return [problem('CERTIFICATE_WRONG', 'The architectures are not all signed by the same certificate.')];
}

async function checkSlice(
  file: SignedFile,
  slice: SliceSignature,
  options: CheckOptions,
  signatures: SignatureFacts[],
): Promise<Problem[]> {
  const { signature, layout, offset, sizeBytes } = slice;
  if (!signature || !layout.signature) return [unsigned()];
  const end = offset + layout.signature.offset;
  const code = {
    start: offset,
    end,
    roomEnd: end + layout.signature.sizeBytes,
    trailerAt: offset + sizeBytes,
  };
  const content = options.bound ?? (await embeddedInfoPlist(file, slice));
  const embeddedId = options.bound ? undefined : identifierOf(content);
  return checkEmbedded(
    file,
    { signature, code, content, architecture: layout.architecture, ...(embeddedId && { embeddedId }) },
    options,
    signatures,
  );
}

async function checkDmg(
  file: SignedFile,
  options: CheckOptions,
  signatures: SignatureFacts[],
): Promise<Problem[]> {
  const { range, sealedTrailer, signature } = await readDmg(file);
  if (!signature || !range) return [unsigned()];
  const trailerAt = file.sizeBytes - sealedTrailer.length;
  const { offset, sizeBytes } = range;
  const code = { start: 0, end: offset, roomEnd: offset + sizeBytes, trailerAt };
  const content = { repSpecific: sealedTrailer };
  return checkEmbedded(file, { signature, code, content, architecture: '' }, options, signatures);
}

interface Embedded {
  readonly signature: EmbeddedSignature;
  /** The signature lies in the room between `end` of the code and `roomEnd`; offsets in the file. */
  readonly code: {
    readonly start: number;
    readonly end: number;
    readonly roomEnd: number;
    readonly trailerAt: number;
  };
  readonly content: BoundContent;
  readonly architecture: string;
  readonly embeddedId?: string;
}

async function checkEmbedded(
  file: SignedFile,
  { signature, code, content, architecture, embeddedId }: Embedded,
  { signal, leftovers = 'refused' }: CheckOptions,
  signatures: SignatureFacts[],
): Promise<Problem[]> {
  const room = { start: code.end + signature.sizeBytes, end: code.roomEnd };
  const padding = { start: code.roomEnd, end: code.trailerAt, place: 'behind the signature' };
  const cms = checkCmsOf(signature);
  signatures.push(signatureFacts(architecture, signature, cms.facts, embeddedId));
  return [
    ...(await pageProblems(file, code.start, signature.codeDirectories, signal)),
    ...coverageProblems(signature, code.end - code.start),
    ...specialSlotProblems(signature, content),
    ...cms.problems,
    ...(await roomProblems(file, room, leftovers)),
    ...(await paddingProblems(file, padding, signal)),
  ];
}

async function embeddedInfoPlist(
  file: SignedFile,
  { offset, layout }: SliceSignature,
): Promise<BoundContent> {
  const section = layout.embeddedInfoPlist;
  if (!section || section.sizeBytes > 1024 * 1024) return {};
  return { infoPlist: await file.read(offset + section.offset, section.sizeBytes) };
}

function identifierOf({ infoPlist }: BoundContent): string | undefined {
  try {
    return infoPlist && identifierIn(infoPlist);
  } catch {
    return undefined;
  }
}

/** All of the code up to the signature must be under the digests. */
function coverageProblems(signature: EmbeddedSignature, codeBytes: number): Problem[] {
  const short = signature.codeDirectories.filter(({ codeLimit }) => codeLimit !== codeBytes);
  const hidden = problem('CODE_UNSEALED', 'There are bytes inside the signature that nothing seals.');
  return [
    ...short.map(({ codeLimit }) =>
      problem('CODE_UNSEALED', `The signature covers ${codeLimit} of ${codeBytes} bytes of code.`),
    ),
    ...(signature.hasUnsealedBytes ? [hidden] : []),
  ];
}

function checkCmsOf(signature: EmbeddedSignature): { facts?: CmsFacts; problems: readonly Problem[] } {
  const { cms, adHoc } = signature;
  if (!cms && adHoc) return { problems: [] };
  if (!cms)
    return { problems: [problem('CMS_MISSING', 'The code is signed by nobody, and not marked ad hoc.')] };
  const { facts, problems } = readableCms(cms, signature);
  const contradiction = problem(
    'CMS_SIGNATURE_WRONG',
    'The code is marked ad hoc, but carries a CMS signature.',
  );
  return { ...(facts && { facts }), problems: adHoc ? [...problems, contradiction] : problems };
}

function readableCms(
  cms: Buffer,
  signature: EmbeddedSignature,
): { facts?: CmsFacts; problems: readonly Problem[] } {
  try {
    return checkCms(cms, signature);
  } catch (error) {
    return { problems: [malformedProblem(error)] };
  }
}

import { constants } from 'node:fs';
import { copyFile, open, rename, stat, truncate } from 'node:fs/promises';
import { readingAltered } from '../../adapters/guest/altered.ts';
import { assembleFile, type Segment } from '../../adapters/guest/assemble.ts';
import { getTail, putFile } from '../../adapters/guest/transfer.ts';
import { type FileDigest, hashOfStart, writtenTo } from '../../files/disk/digested-file.ts';
import { readAhead } from '../../files/disk/read-ahead.ts';
import { attachSignedTail } from '../../files/dmg/signed.ts';
import { DMG_HEAD_BYTES, type DmgPart, type DmgWriter } from '../../files/dmg/write.ts';
import { KOLY_BYTES } from '../../formats/udif/koly.ts';
import { artifactPlace } from './artifact-place.ts';
import { listedTree } from './packed-resources.ts';
import {
  begunDmg,
  guestImagePath,
  nextTurn,
  PARTS_AHEAD,
  type PackingTurn,
  recipeFor,
  streamed,
} from './partial-dmg.ts';
import { runBoth } from './run-both.ts';
import { signImage } from './sign-image.ts';
import type { GuestStepScope } from './step.ts';

/** Code directory, certificates and time stamp; a signature is a few tens of KiB. */
const MAX_TAIL_BYTES = 16 * 1024 * 1024;

/**
 * Without Apple's hdiutil the image is made here once, into a file of this host: what was packed while the guest
 * signed, then code and seals. The guest, where it is signed, puts its copy together from the bundle that it has.
 * Signing only rewrites the end of an image, so only that end comes back.
 */
export async function packDmg(scope: GuestStepScope, path: string): Promise<FileDigest> {
  const segments = await finishImage(scope, path);
  const { size } = await stat(path);
  const prefixBytes = size - KOLY_BYTES;
  const [{ hash }, tail] = await runBoth(
    scope.signal,
    (signal) => hashOfStart(path, prefixBytes, signal),
    (signal) => signedTail({ ...scope, signal }, segments, prefixBytes),
  );
  await readingAltered('the disk image', () => attachSignedTail(path, [tail]));
  return { sizeBytes: prefixBytes + tail.length, sha256Hex: hash.update(tail).digest('hex') };
}

async function signedTail(
  scope: GuestStepScope,
  segments: readonly Segment[],
  fromByte: number,
): Promise<Buffer> {
  const { session, signal } = scope;
  const remotePath = guestImagePath(scope);
  await assembleFile(session, { segments, remotePath, signal });
  await signImage(scope, remotePath);
  return getTail(session, { remotePath, fromByte, maxBytes: MAX_TAIL_BYTES, signal });
}

/** @returns how the guest gets the same image */
async function finishImage(scope: GuestStepScope, path: string): Promise<Segment[]> {
  const { results, session, signal } = scope;
  const now = await listedTree(results);
  const begun = await begunDmg(scope, now);
  await cutBack(path, begun.writer.packedBytes);
  const turn = nextTurn(scope, begun, now.tree, now);
  const around: { head: Segment[]; end: Segment[] } = { head: [], end: [] };
  const source = streamed(literalsOf(scope, turn, begun.writer, around));
  await putFile(session, { source, remotePath: turn.literalsPath, mode: 0o600, signal });
  results.partialDmg = turn.after();
  return [...around.head, ...results.partialDmg.segments, ...around.end];
}

/**
 * An image that was finished before loses its end, and everything that is packed in it stays. It becomes another file,
 * because the finished one may be kept.
 */
async function cutBack(path: string, packedBytes: number): Promise<void> {
  if ((await stat(path)).size <= packedBytes) return;
  const cut = `${path}.cut`;
  await copyFile(path, cut, constants.COPYFILE_FICLONE);
  await truncate(cut, packedBytes);
  await rename(cut, path);
}

/** What is packed last, then the head of the image and its end, which are known only then; notes where those two are. */
async function* literalsOf(
  scope: GuestStepScope,
  { literals, literalsPath, recipe, root }: PackingTurn,
  writer: DmgWriter,
  around: { head: Segment[]; end: Segment[] },
): AsyncGenerator<Buffer> {
  const { path } = artifactPlace(scope);
  const onProgress = (doneBytes: number, totalBytes: number) =>
    scope.report.progress((doneBytes / totalBytes) * 80);
  yield* literals({ onProgress });
  const parts = writer.finish({ root, signal: scope.signal, onProgress });
  const head = await firstOf(parts);
  await writeStart(path, head);
  yield head;
  const end = recipeFor(scope, literalsPath, recipe.literalBytes + head.length);
  yield* end.literals(writtenTo(path, readAhead(parts, PARTS_AHEAD), 'a'));
  around.head.push({ remotePath: literalsPath, fromByte: recipe.literalBytes, sizeBytes: head.length });
  around.end.push(...end.segments);
}

async function firstOf(parts: AsyncGenerator<DmgPart>): Promise<Buffer> {
  const { value } = await parts.next();
  if (value?.bytes.length !== DMG_HEAD_BYTES) throw new Error('the image does not begin with its head');
  return value.bytes;
}

async function writeStart(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(bytes, 0, bytes.length, 0);
  } finally {
    await file.close();
  }
}

import { open, stat } from 'node:fs/promises';
import { readingAltered } from '../../adapters/guest/altered.ts';
import { assembleFile, type Segment } from '../../adapters/guest/assemble.ts';
import { getTail, putFile } from '../../adapters/guest/transfer.ts';
import { type FileDigest, hashOfStart, writtenTo } from '../../files/disk/digested-file.ts';
import { readAhead } from '../../files/disk/read-ahead.ts';
import { attachSignedTail } from '../../files/dmg/signed.ts';
import { DMG_HEAD_BYTES, type DmgPart } from '../../files/dmg/write.ts';
import { KOLY_BYTES } from '../../formats/udif/koly.ts';
import type { ImageRecipe } from './image-recipe.ts';
import { listedTree } from './packed-resources.ts';
import { begunDmg, guestImagePath, PARTS_AHEAD, recipeFor, streamed, volumeOf } from './partial-dmg.ts';
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
  const { results, session, signal, report } = scope;
  const now = await listedTree(results);
  const begun = await begunDmg(scope, now);
  const onProgress = (doneBytes: number, totalBytes: number) =>
    report.progress((doneBytes / totalBytes) * 80);
  const parts = begun.writer.finish({ root: volumeOf(results, now), signal, onProgress });
  const head = await firstOf(parts);
  await writeStart(path, head);
  const literalsPath = `${guestImagePath(scope)}.rest`;
  const recipe = recipeFor(scope, literalsPath, head.length);
  const source = streamed(literalsOf(head, recipe, writtenTo(path, readAhead(parts, PARTS_AHEAD), 'a')));
  await putFile(session, { source, remotePath: literalsPath, mode: 0o600, signal });
  const start = { remotePath: literalsPath, fromByte: 0, sizeBytes: head.length };
  return [start, ...begun.segments, ...recipe.segments];
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

async function* literalsOf(head: Buffer, recipe: ImageRecipe, rest: AsyncIterable<DmgPart>) {
  yield head;
  yield* recipe.literals(rest);
}

import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path/posix';
import { Readable } from 'node:stream';
import { readingAltered } from '../../adapters/guest/altered.ts';
import { assembleFile } from '../../adapters/guest/assemble.ts';
import { getTail, putFile } from '../../adapters/guest/transfer.ts';
import { type FileDigest, writtenTo } from '../../files/disk/digested-file.ts';
import { readAhead } from '../../files/disk/read-ahead.ts';
import { attachSignedTail } from '../../files/dmg/signed.ts';
import { createDmgParts, type DmgPart, volumeEntries } from '../../files/dmg/write.ts';
import { KOLY_BYTES } from '../../formats/udif/koly.ts';
import { need } from '../run-results.ts';
import { ImageRecipe } from './image-recipe.ts';
import { signImage } from './sign-image.ts';
import type { GuestStepScope } from './step.ts';

/** Of 1 MiB each: the next ones are compressed while the last one is on its way. */
const PARTS_AHEAD = 3;
/** Code directory, certificates and time stamp; a signature is a few tens of KiB. */
const MAX_TAIL_BYTES = 16 * 1024 * 1024;

/**
 * Without Apple's hdiutil the image is made here once, into a file of this host. The guest, where it is signed, puts its copy together from the
 * bundle that it has. Signing only rewrites the end of an image, so only that end comes back.
 */
export async function packDmg(scope: GuestStepScope, path: string): Promise<FileDigest> {
  const guestPath = `${need(scope.results, 'guestAppPath')}.dmg`;
  const { prefixBytes, hash } = await makeImage(scope, path, guestPath);
  await signImage(scope, guestPath);
  const tail = await getTail(scope.session, {
    remotePath: guestPath,
    fromByte: prefixBytes,
    maxBytes: MAX_TAIL_BYTES,
    signal: scope.signal,
  });
  await readingAltered('the disk image', () => attachSignedTail(path, [tail]));
  return { sizeBytes: prefixBytes + tail.length, sha256Hex: hash.update(tail).digest('hex') };
}

async function makeImage(scope: GuestStepScope, path: string, guestPath: string) {
  const { results, session, signal } = scope;
  const literalsPath = `${guestPath}.parts`;
  const recipe = new ImageRecipe(dirname(need(results, 'guestAppPath')), literalsPath);
  const hash = createHash('sha256');
  const parts = writtenTo(path, hashed(hash, readAhead(await imageOf(scope), PARTS_AHEAD)));
  const source = Readable.from(recipe.literals(parts), { objectMode: false });
  await putFile(session, { source, remotePath: literalsPath, mode: 0o600, signal });
  await assembleFile(session, { segments: recipe.segments, remotePath: guestPath, signal });
  const { size: sizeBytes } = await stat(path);
  return { prefixBytes: sizeBytes - KOLY_BYTES, hash };
}

async function imageOf({ results, signal, report }: GuestStepScope): Promise<AsyncIterable<DmgPart>> {
  const { appPath, folderName } = need(results, 'found');
  return createDmgParts({
    volumeName: need(results, 'manifest').appName,
    root: await volumeEntries(appPath, folderName),
    sourceDate: new Date(),
    signal,
    onProgress: (doneBytes, totalBytes) => report.progress((doneBytes / totalBytes) * 80),
  });
}

/** Hashes everything but the trailer, which signing replaces: the digest goes on with the signed end. */
async function* hashed(
  hash: ReturnType<typeof createHash>,
  image: AsyncIterable<DmgPart>,
): AsyncGenerator<DmgPart> {
  let previous: Buffer | undefined;
  for await (const part of image) {
    if (previous) hash.update(previous);
    previous = part.bytes;
    yield part;
  }
  if (previous?.length !== KOLY_BYTES) throw new Error('the image does not end with its trailer');
}

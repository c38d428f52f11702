import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withTicket } from '../../formats/code-signature/superblob.ts';
import { KOLY_BYTES, kolyFields } from '../../formats/udif/koly.ts';
import { signatureRange } from '../../formats/udif/read/koly.ts';
import { readRange } from '../disk/read-range.ts';
import { cannotStaple, unsignedCode } from './staple-failures.ts';

/** Of a macOS app, below its folder. */
export const TICKET_PATH = 'Contents/CodeResources';
const MAX_SIGNATURE_BYTES = 32 * 1024 * 1024;

/**
 * Staples a disk image in place: the ticket goes into its code signature, the trailer is written anew behind it.
 * Nothing before the signature is touched, and the signature holds as before.
 *
 * @throws ShipError STAPLE_FAILED · SIGNATURE_MALFORMED
 */
export async function stapleImage(imagePath: string, ticket: Buffer): Promise<void> {
  const file = await open(imagePath, constants.O_RDWR | constants.O_NOFOLLOW).catch((cause: unknown) => {
    throw cannotStaple('The disk image could not be opened for writing.', cause);
  });
  try {
    await rewriteEnd(file, ticket);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function rewriteEnd(file: FileHandle, ticket: Buffer): Promise<void> {
  const { size: fileBytes } = await file.stat();
  if (fileBytes < KOLY_BYTES) throw cannotStaple('The file is too short to be a disk image.');
  const trailer = await bytesAt(file, fileBytes - KOLY_BYTES, KOLY_BYTES);
  const place = signatureRange(trailer, fileBytes, (fact) => cannotStaple(`${fact}.`));
  if (!place) throw unsignedCode('disk image');
  if (place.sizeBytes > MAX_SIGNATURE_BYTES) throw cannotStaple('The code signature is too large.');
  const signature = withTicket(await bytesAt(file, place.offset, place.sizeBytes), ticket);
  trailer.writeBigUInt64BE(BigInt(signature.length), kolyFields.signatureSize);
  const end = Buffer.concat([signature, trailer]);
  for (let done = 0; done < end.length; )
    done += (await file.write(end, done, end.length - done, place.offset + done)).bytesWritten;
  await file.truncate(place.offset + end.length);
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = await readRange(file, position, length);
  if (bytes.length < length) throw cannotStaple('The disk image became shorter while it was read.');
  return bytes;
}

/**
 * Staples a macOS app: the ticket becomes `Contents/CodeResources`, which no seal covers. A link of that name, as old
 * apps have, is replaced, never written through.
 *
 * @param appPath - the `.app` folder
 * @throws ShipError STAPLE_FAILED
 */
export async function stapleApp(appPath: string, ticket: Buffer): Promise<void> {
  const contents = join(appPath, 'Contents');
  const isFolder = await lstat(contents).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw cannotStaple('The app has no Contents folder, as an app for macOS has.');
  const target = join(appPath, TICKET_PATH);
  const fresh = `${target}.new`;
  try {
    await rm(fresh, { force: true });
    await writeNew(fresh, ticket);
    await rename(fresh, target);
  } catch (cause) {
    await rm(fresh, { force: true }).catch(() => {});
    throw cannotStaple('The ticket could not be written into the app.', cause);
  }
}

async function writeNew(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

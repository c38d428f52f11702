import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { refuseFormat } from './not-an-archive.ts';
import { peek } from './peek.ts';
import { explainDiskError } from './refusals.ts';
import { type UnpackedBundle, Unpacking, type UnpackOptions } from './unpacking.ts';

const READ_BYTES = 256 * 1024;

export interface UnpackStreamOptions extends UnpackOptions {
  /** Where a zip is kept while it is read (mode 0600, always removed again); outside of the folder to unpack into. */
  readonly spoolDir: string;
}

/**
 * Unpacks a bundle's archive while it arrives. The first bytes decide what it is: `1f 8b` is a tar in gzip and is
 * unpacked as a stream; `50 4b` is a zip, which has its directory at the end and is kept in a file until then.
 * Every checksum is verified. What could be written outside of `destDir`, or could become two things on a Mac,
 * is refused, never repaired. After a failure `destDir` holds a part of the bundle: the caller removes it.
 *
 * @param source - the archive's bytes, already out of their base64
 * @param destDir - an empty folder, or one that does not exist yet
 * @throws ShipError BUNDLE_NOT_ARCHIVE · BUNDLE_CORRUPT · BUNDLE_TOO_LARGE · BUNDLE_PATH_UNSAFE · BUNDLE_LINK_OUTSIDE ·
 *   BUNDLE_NAME_COLLISION · BUNDLE_ENTRY_UNSUPPORTED · DISK_FULL · errors of the source, unchanged
 */
export async function unpackBundle(
  source: AsyncIterable<Buffer>,
  destDir: string,
  options: UnpackStreamOptions,
): Promise<UnpackedBundle> {
  const job = await Unpacking.start(destDir, options, 'hub');
  return job.over(source, async (counted) => {
    const { firstBytes, stream } = await peek(counted);
    if (isGzip(firstBytes)) return job.tarGz(stream);
    if (isZip(firstBytes)) return spooled(stream, options, (path) => job.zip(path));
    for await (const _ of stream); // to say how many bytes there are
    throw refuseFormat({ origin: 'hub', archiveBytes: job.budget.archiveBytes }, firstBytes);
  });
}

/** As `unpackBundle`, for an archive that is a file already (`.ipa`, `.zip`, `.tar.gz`); a zip is read in place. */
export async function unpackBundleFile(
  path: string,
  destDir: string,
  options: UnpackOptions,
): Promise<UnpackedBundle> {
  const job = await Unpacking.start(destDir, options, 'file');
  const { size: archiveBytes } = await stat(path);
  const firstBytes = await readStart(path);
  if (isGzip(firstBytes)) {
    const file = createReadStream(path, { highWaterMark: READ_BYTES });
    return job.over(file, (counted) => job.tarGz(counted));
  }
  if (!isZip(firstBytes)) throw refuseFormat({ origin: 'file', archiveBytes }, firstBytes);
  job.budget.spendArchiveBytes(archiveBytes);
  return job.zip(path);
}

async function readStart(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;
const isZip = (bytes: Buffer): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

async function spooled<T>(
  stream: AsyncIterable<Buffer>,
  { spoolDir, signal }: UnpackStreamOptions,
  read: (path: string) => Promise<T>,
): Promise<T> {
  const path = join(spoolDir, `bundle-${randomUUID()}.zip`);
  try {
    await spool(stream, path);
    signal.throwIfAborted();
    return await read(path);
  } finally {
    await rm(path, { force: true });
  }
}

async function spool(stream: AsyncIterable<Buffer>, path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of stream) await file.appendFile(chunk);
  } catch (error) {
    throw explainDiskError(error);
  } finally {
    await file.close();
  }
}

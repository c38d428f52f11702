import { malformed } from '../../formats/code-signature/malformed.ts';
import type { ArchiveEntry, EntryKind } from '../archive/archive-entry.ts';
import { gunzipStrictly } from '../archive/inflate.ts';
import { Unpacking } from '../archive/unpacking.ts';
import { withSignedFile } from '../code-signature/signed-file.ts';
import { readXar, storedPieces } from './archive.ts';
import { type CpioItem, readCpio } from './cpio.ts';

const GZIP = Buffer.from([0x1f, 0x8b]);
const TYPE_BITS = 0o170000;
const KINDS = new Map<number, EntryKind>([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
]);
const MAX_LINK_BYTES = 4096;

/**
 * Puts what an installer package of one component installs into a folder, by the rules for bundles that come in.
 *
 * @param destDir - an empty folder
 * @returns false when its payload is of another form than pkgbuild's by default (`pbzx`), or when it has several or none
 * @throws ShipError PACKAGE_CORRUPT · SIGNATURE_MALFORMED · BUNDLE_* · the signal's reason
 */
export const unpackPayload = (path: string, destDir: string, signal: AbortSignal): Promise<boolean> =>
  withSignedFile(path, async (file) => {
    const archive = await readXar(file);
    const [payload, ...more] = archive.table.files.filter((entry) => /(^|\/)Payload$/.test(entry.path));
    if (!payload || more.length > 0 || !(await isGzip(storedPieces(archive, payload, signal)))) return false;
    const limits = { maxRatio: Number.POSITIVE_INFINITY };
    const unpacking = await Unpacking.start(destDir, { signal, limits }, 'file');
    const gzipped = storedPieces(archive, payload, signal);
    await unpacking.entries((budgeted) =>
      entriesOf(readCpio(budgeted(gunzipStrictly(gzipped, { signal, onCorrupt })))),
    );
    return true;
  });

async function isGzip(pieces: AsyncIterable<Buffer>): Promise<boolean> {
  for await (const piece of pieces) return piece.subarray(0, GZIP.length).equals(GZIP);
  return false;
}

const onCorrupt = (reason: string, cause?: unknown): Error =>
  malformed('payload of the installer package', reason.replace(/\.$/, ''), cause);

async function* entriesOf(items: AsyncIterable<CpioItem>): AsyncGenerator<ArchiveEntry> {
  for await (const item of items) if (item.path !== '') yield await entryOf(item);
}

async function entryOf(item: CpioItem): Promise<ArchiveEntry> {
  const kind = KINDS.get(item.mode & TYPE_BITS);
  if (!kind) throw malformed('payload of the installer package', 'it installs a device or a pipe');
  const facts = { name: item.path, kind, executable: (item.mode & 0o111) !== 0 };
  if (kind !== 'symlink') return { ...facts, sizeBytes: item.sizeBytes, content: () => item.content() };
  return { ...facts, sizeBytes: 0, linkTarget: await targetOf(item), content: nothing };
}

async function targetOf(item: CpioItem): Promise<string> {
  if (item.sizeBytes > MAX_LINK_BYTES)
    throw malformed('payload of the installer package', 'a link in it is too long');
  const parts: Buffer[] = [];
  for await (const part of item.content()) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}

async function* nothing(): AsyncGenerator<Buffer, void> {}

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ShipError } from '../../errors.ts';
import { cutIntoChunks } from '../../formats/hfsplus/chunks.ts';
import { cleanVolumeName } from '../../formats/hfsplus/names.ts';
import { HEAD_BYTES, planFirstContents, planVolume, type VolumePlan } from '../../formats/hfsplus/plan.ts';
import type { VolumeEntry } from '../../formats/hfsplus/tree.ts';
import { joinedCrc } from '../../formats/udif/crc.ts';
import { KOLY_BYTES, kolyTrailer } from '../../formats/udif/koly.ts';
import { blockTable, type StoredChunk } from '../../formats/udif/mish.ts';
import { propertyList } from '../../formats/udif/property-list.ts';
import { listTree, type TreeEntry } from '../disk/tree.ts';
import { type PackedChunk, packChunk, raw } from './compress.ts';
import { mapInOrder } from './ordered.ts';
import { type FileRange, type ReadOptions, type VolumeChunk, volumeChunks } from './volume-source.ts';

export type { FileRange } from './volume-source.ts';

const CHUNK_BYTES = 1024 * 1024;
const CHUNKS_IN_FLIGHT = 4;
/** A code signature names its end with 32 bits, so a larger image could not be signed. */
const MAX_IMAGE_BYTES = 0xffffffff;
const SECTOR_BYTES = 512;

export interface DmgOptions {
  /** Cleaned by `cleanVolumeName`. */
  readonly volumeName: string;
  /** Stands as every date in the image: the same date and input give the same bytes. */
  readonly sourceDate: Date;
}

export interface PackOptions extends ReadOptions {
  /** Everything on the volume; see `volumeEntries`. */
  readonly root: readonly VolumeEntry[];
  /** Called after every chunk with the bytes of the volume, not of the image. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/** What an installer image shows: the app, and a link to where it belongs. */
export const volumeEntries = async (appDir: string, appFolderName: string): Promise<VolumeEntry[]> =>
  volumeEntriesOf(await listTree(appDir), appDir, appFolderName);

/** As `volumeEntries`, of a bundle that is listed already. */
export function volumeEntriesOf(
  tree: readonly (TreeEntry & Pick<VolumeEntry, 'packedAs'>)[],
  appDir: string,
  appFolderName: string,
): VolumeEntry[] {
  const below = tree.map((entry) => ({
    ...entry,
    path: `${appFolderName}/${entry.path}`,
    ...(entry.type === 'file' && { source: join(appDir, entry.path) }),
  }));
  return [
    { path: appFolderName, type: 'directory', mode: 0o755, sizeBytes: 0 },
    ...below,
    { path: 'Applications', type: 'symlink', mode: 0o755, sizeBytes: 0, linkTarget: '/Applications' },
  ];
}

/** A run of bytes of an image. */
export interface DmgPart {
  readonly bytes: Buffer;
  /** Given when they are those of a file on the volume: who has the file need not be sent them. */
  readonly copyOf?: FileRange;
}

/** What has been packed: the chunks in the order of the volume, which is that of the image. */
interface Packed {
  table: StoredChunk[];
  volumeBytes: number;
  volumeCrc: number;
  storedBytes: number;
  storedCrc: number;
}

const nothing = (): Packed => ({ table: [], volumeBytes: 0, volumeCrc: 0, storedBytes: 0, storedCrc: 0 });

/** Bytes at the start of every image, which are known last when contents have been packed first. */
export const DMG_HEAD_BYTES = HEAD_BYTES;

/**
 * Writes an unsigned disk image (UDZO, one bare HFS+ volume); memory depends on the number of files, not on their size.
 * What does not deflate is stored as it is.
 */
export class DmgWriter {
  readonly #volumeName: string;
  readonly #sourceDate: Date;
  readonly #first = nothing();

  constructor({ volumeName, sourceDate }: DmgOptions) {
    this.#volumeName = cleanVolumeName(volumeName);
    this.#sourceDate = sourceDate;
  }

  /** Bytes of an image that stay the same whatever else comes onto the volume; all but its head. */
  get packedBytes(): number {
    return DMG_HEAD_BYTES + this.#first.storedBytes;
  }

  /**
   * The contents of the entries with a `packedAs`, as far as they are not packed yet, in their order, for the image
   * from its byte `packedBytes` on. What else is on the volume may change until `finish`, and between one and the next.
   *
   * @throws ShipError DMG_NAME_UNSUPPORTED · DMG_NAME_COLLISION · DMG_ENTRY_INVALID · DMG_TOO_LARGE ·
   *   BUNDLE_CHANGED · the signal's reason when aborted
   */
  async *packFirst(options: PackOptions): AsyncGenerator<DmgPart> {
    yield* packInto(this.#first, planFirstContents(this.#volumeName, options.root), options);
  }

  /**
   * The first `DMG_HEAD_BYTES` of the image as one part, then what comes after all that is packed already. Can be asked
   * for again, with something else on the volume beside what is packed.
   *
   * @throws as `packFirst`
   */
  async *finish(options: PackOptions): AsyncGenerator<DmgPart> {
    const plan = planVolume(this.#volumeName, options.root, this.#sourceDate);
    const head = headOf(plan);
    yield { bytes: head };
    const all = joined(packedRaw(head), this.#first);
    yield* packInto(all, plan, options);
    for (const bytes of imageEnd(all)) yield { bytes };
  }
}

/** Packs what of a volume is not packed yet. */
async function* packInto(packed: Packed, plan: VolumePlan, options: PackOptions): AsyncGenerator<DmgPart> {
  const chunks = volumeChunks(cutIntoChunks(plan, CHUNK_BYTES, packed.volumeBytes), options);
  for await (const { chunk, copyOf } of mapInOrder(chunks, CHUNKS_IN_FLIGHT, pack)) {
    options.signal.throwIfAborted();
    add(packed, chunk);
    assertSignable(packed.storedBytes);
    yield { bytes: chunk.stored, ...(copyOf && chunk.type === 'raw' && { copyOf }) };
    options.onProgress?.(packed.volumeBytes, plan.totalBytes);
  }
}

const pack = async ({ bytes, copyOf }: VolumeChunk) => ({ chunk: await packChunk(bytes), copyOf });

function add(packed: Packed, { type, volume, stored, volumeBytes, storedBytes }: PackedChunk): void {
  packed.table.push({ type, volumeBytes, storedBytes });
  packed.volumeCrc = crc32(volume, packed.volumeCrc);
  packed.storedCrc = crc32(stored, packed.storedCrc);
  packed.volumeBytes += volumeBytes;
  packed.storedBytes += storedBytes;
}

function headOf({ pieces }: VolumePlan): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  const [header] = pieces;
  if (header && 'bytes' in header) header.bytes.copy(head, header.offset);
  return head;
}

/** As it is, because its size in the image must be known before its bytes are. */
function packedRaw(bytes: Buffer): Packed {
  const packed = nothing();
  add(packed, raw(bytes));
  return packed;
}

const joined = (one: Packed, next: Packed): Packed => ({
  table: [...one.table, ...next.table],
  volumeBytes: one.volumeBytes + next.volumeBytes,
  volumeCrc: joinedCrc(one.volumeCrc, next.volumeCrc, next.volumeBytes),
  storedBytes: one.storedBytes + next.storedBytes,
  storedCrc: joinedCrc(one.storedCrc, next.storedCrc, next.storedBytes),
});

function* imageEnd({ table, volumeBytes, volumeCrc, storedBytes, storedCrc }: Packed): Generator<Buffer> {
  const mish = blockTable(table, volumeCrc);
  const xml = propertyList(mish);
  assertSignable(storedBytes + xml.length + KOLY_BYTES);
  yield xml;
  // The main checksum is that of the checksums of all tables, and there is one.
  const volumeCrcBytes = Buffer.alloc(4);
  volumeCrcBytes.writeUInt32BE(volumeCrc);
  yield kolyTrailer({
    dataForkBytes: storedBytes,
    dataForkCrc: storedCrc,
    propertyListBytes: xml.length,
    mainCrc: crc32(volumeCrcBytes),
    sectorCount: volumeBytes / SECTOR_BYTES,
    segmentId: createHash('sha256').update(mish).digest().subarray(0, 16),
  });
}

function assertSignable(imageBytes: number): void {
  if (imageBytes <= MAX_IMAGE_BYTES) return;
  throw new ShipError('DMG_TOO_LARGE', {
    summary: 'The disk image would be larger than 4 GiB.',
    reason: 'A code signature cannot cover a disk image of that size.',
    nextStep: 'Make the bundle smaller, or have it delivered as a .pkg, and try again.',
  });
}

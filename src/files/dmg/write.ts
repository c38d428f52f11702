import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ShipError } from '../../errors.ts';
import { cutIntoChunks } from '../../formats/hfsplus/chunks.ts';
import { cleanVolumeName } from '../../formats/hfsplus/names.ts';
import { planVolume } from '../../formats/hfsplus/plan.ts';
import type { VolumeEntry } from '../../formats/hfsplus/tree.ts';
import { KOLY_BYTES, kolyTrailer } from '../../formats/udif/koly.ts';
import { blockTable, type StoredChunk } from '../../formats/udif/mish.ts';
import { propertyList } from '../../formats/udif/property-list.ts';
import { listTree } from '../disk/tree.ts';
import { packChunk } from './compress.ts';
import { mapInOrder } from './ordered.ts';
import { type FileRange, type VolumeChunk, volumeChunks } from './volume-source.ts';

export type { FileRange } from './volume-source.ts';

const CHUNK_BYTES = 1024 * 1024;
const CHUNKS_IN_FLIGHT = 4;
/** A code signature names its end with 32 bits, so a larger image could not be signed. */
const MAX_IMAGE_BYTES = 0xffffffff;
const SECTOR_BYTES = 512;

export interface DmgOptions {
  /** Cleaned by `cleanVolumeName`. */
  readonly volumeName: string;
  /** Everything on the volume; see `volumeEntries`. */
  readonly root: readonly VolumeEntry[];
  /** Stands as every date in the image: the same date and input give the same bytes. */
  readonly sourceDate: Date;
  readonly signal: AbortSignal;
  /** Called after every chunk with the bytes of the volume, not of the image. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/** What an installer image shows: the app, and a link to where it belongs. */
export async function volumeEntries(appDir: string, appFolderName: string): Promise<VolumeEntry[]> {
  const below = (await listTree(appDir)).map((entry) => ({
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

/** A run of bytes of an image, in its order. */
export interface DmgPart {
  readonly bytes: Buffer;
  /** Given when they are those of a file on the volume: who has the file need not be sent them. */
  readonly copyOf?: FileRange;
}

/**
 * Writes an unsigned disk image (UDZO, one bare HFS+ volume) from its first byte to its last; memory depends
 * on the number of files, not on their size. What does not deflate is stored as it is.
 *
 * @throws ShipError DMG_NAME_UNSUPPORTED · DMG_NAME_COLLISION · DMG_ENTRY_INVALID · DMG_TOO_LARGE ·
 *   BUNDLE_CHANGED · the signal's reason when aborted
 */
export async function* createDmgParts(options: DmgOptions): AsyncGenerator<DmgPart> {
  const plan = planVolume(cleanVolumeName(options.volumeName), options.root, options.sourceDate);
  const chunks = volumeChunks(cutIntoChunks(plan, CHUNK_BYTES), options.signal);
  const table: StoredChunk[] = [];
  let [volumeCrc, dataForkCrc, dataForkBytes, doneBytes] = [0, 0, 0, 0];
  for await (const { packed, copyOf } of mapInOrder(chunks, CHUNKS_IN_FLIGHT, pack)) {
    options.signal.throwIfAborted();
    const { type, volumeBytes, storedBytes } = packed;
    table.push({ type, volumeBytes, storedBytes });
    volumeCrc = crc32(packed.volume, volumeCrc);
    dataForkCrc = crc32(packed.stored, dataForkCrc);
    dataForkBytes += storedBytes;
    doneBytes += volumeBytes;
    assertSignable(dataForkBytes);
    yield { bytes: packed.stored, ...(copyOf && type === 'raw' && { copyOf }) };
    options.onProgress?.(doneBytes, plan.totalBytes);
  }
  const end = imageEnd({ table, volumeCrc, dataForkCrc, dataForkBytes, totalBytes: plan.totalBytes });
  for (const bytes of end) yield { bytes };
}

const pack = async ({ bytes, copyOf }: VolumeChunk) => ({ packed: await packChunk(bytes), copyOf });

interface DataFork {
  readonly table: readonly StoredChunk[];
  readonly volumeCrc: number;
  readonly dataForkCrc: number;
  readonly dataForkBytes: number;
  readonly totalBytes: number;
}

function* imageEnd({
  table,
  volumeCrc,
  dataForkCrc,
  dataForkBytes,
  totalBytes,
}: DataFork): Generator<Buffer> {
  const mish = blockTable(table, volumeCrc);
  const xml = propertyList(mish);
  assertSignable(dataForkBytes + xml.length + KOLY_BYTES);
  yield xml;
  // The main checksum is that of the checksums of all tables, and there is one.
  const volumeCrcBytes = Buffer.alloc(4);
  volumeCrcBytes.writeUInt32BE(volumeCrc);
  yield kolyTrailer({
    dataForkBytes,
    dataForkCrc,
    propertyListBytes: xml.length,
    mainCrc: crc32(volumeCrcBytes),
    sectorCount: totalBytes / SECTOR_BYTES,
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

import { allExtents, DATA_FORK, type OverflowExtents } from '../../formats/hfsplus/read/extents.ts';
import { overflowExtentsOf, readVolume, type VolumeListing } from '../../formats/hfsplus/read/volume.ts';
import {
  checkAlternateHeader,
  type Extent,
  type Fork,
  parseVolumeHeader,
  VOLUME_HEADER_AT,
  VOLUME_HEADER_BYTES,
  type VolumeHeader,
} from '../../formats/hfsplus/read/volume-header.ts';
import { demand, unsupported } from '../../formats/udif/read/findings.ts';
import type { DmgImage } from './image.ts';
import { PartitionBytes } from './partition-bytes.ts';

/** Of all four together; room for a catalog of some 380,000 files. They are held in memory while they are checked. */
const MAX_METADATA_BYTES = 128 * 1024 * 1024;
const STEP_BYTES = 1024 * 1024;
const SIGNATURES = new Set(['H+', 'HX']);

export interface OpenVolume {
  readonly name: string;
  readonly fileSystem: 'HFS+' | 'HFSX';
  readonly sizeBytes: number;
  readonly listing: readonly VolumeListing[];
  /** The bytes of one file in pieces of at most 1 MiB. */
  contents(entry: VolumeListing): AsyncGenerator<Buffer>;
}

/** Finds the one HFS+ volume of an image, checks its structure and lists it. */
export async function openVolume(image: DmgImage): Promise<OpenVolume> {
  const bytes = await findVolume(image);
  const headerBytes = await bytes.read(VOLUME_HEADER_AT, VOLUME_HEADER_BYTES);
  const header = parseVolumeHeader(headerBytes, bytes.sizeBytes);
  checkAlternateHeader(
    headerBytes,
    await bytes.read(bytes.sizeBytes - VOLUME_HEADER_AT, VOLUME_HEADER_BYTES),
  );
  const { extents: tree, catalog, bitmap, attributes } = header;
  const metadataBytes = [tree, catalog, bitmap, attributes].reduce((sum, fork) => sum + fork.sizeBytes, 0);
  demand(
    metadataBytes <= MAX_METADATA_BYTES,
    `The files of the volume itself have ${metadataBytes} bytes, more than ${MAX_METADATA_BYTES}.`,
  );
  const extents = await readWhole(bytes, header, header.extents, 3, new Map());
  const overflow = overflowExtentsOf(extents);
  const { name, entries } = readVolume({
    header,
    volumeBytes: bytes.sizeBytes,
    extents,
    catalog: await readWhole(bytes, header, header.catalog, 4, overflow),
    bitmap: await readWhole(bytes, header, header.bitmap, 6, overflow),
    attributes: await readWhole(bytes, header, header.attributes, 8, overflow),
  });
  return {
    name,
    fileSystem: header.caseSensitive ? 'HFSX' : 'HFS+',
    sizeBytes: bytes.sizeBytes,
    listing: entries,
    contents: (entry) => pieces(bytes, header.blockBytes, entry.extents, entry.sizeBytes),
  };
}

async function findVolume({ file, partitions }: DmgImage): Promise<PartitionBytes> {
  for (const partition of partitions) {
    if (partition.sizeBytes < 4 * VOLUME_HEADER_AT) continue;
    const bytes = new PartitionBytes(file, partition);
    const signature = (await bytes.read(VOLUME_HEADER_AT, 2)).toString('latin1');
    if (SIGNATURES.has(signature)) return bytes;
  }
  throw unsupported(`None of its ${partitions.length} partitions is an HFS+ volume.`);
}

async function readWhole(
  bytes: PartitionBytes,
  header: VolumeHeader,
  fork: Fork,
  id: number,
  overflow: OverflowExtents,
): Promise<Buffer> {
  const extents = allExtents(fork, id, DATA_FORK, overflow, header);
  const parts: Buffer[] = [];
  for await (const part of pieces(bytes, header.blockBytes, extents, fork.sizeBytes)) parts.push(part);
  return Buffer.concat(parts);
}

async function* pieces(
  bytes: PartitionBytes,
  blockBytes: number,
  extents: readonly Extent[],
  sizeBytes: number,
): AsyncGenerator<Buffer> {
  let left = sizeBytes;
  for (const { start, count } of extents) {
    const end = start * blockBytes + Math.min(count * blockBytes, left);
    for (let at = start * blockBytes; at < end; at += STEP_BYTES) {
      const length = Math.min(STEP_BYTES, end - at);
      yield await bytes.read(at, length);
      left -= length;
    }
  }
}

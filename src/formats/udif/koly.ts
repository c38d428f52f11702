/** The last 512 bytes of a disk image, by which a reader knows it (UDIF, all integers big-endian). */
export const KOLY_BYTES = 512;
/** Where the fields stand that both the writer and the readers use. */
export const kolyFields = {
  dataForkOffset: 0x18,
  dataForkLength: 0x20,
  dataForkChecksum: 0x50,
  xmlOffset: 0xd8,
  xmlLength: 0xe0,
  signatureOffset: 0x128,
  signatureSize: 0x130,
  mainChecksum: 0x160,
  sectorCount: 0x1ec,
} as const;

export interface ImageFigures {
  readonly dataForkBytes: number;
  readonly dataForkCrc: number;
  readonly propertyListBytes: number;
  readonly mainCrc: number;
  readonly sectorCount: number;
  /** 16 bytes. */
  readonly segmentId: Buffer;
}

const VERSION = 4;
const FLATTENED = 1;
const CRC_32 = 2;
/** The image is one volume without a partition map. */
const BARE_VOLUME = 2;

/** The trailer of an image that is not signed yet. */
export function kolyTrailer(figures: ImageFigures): Buffer {
  const koly = Buffer.alloc(KOLY_BYTES);
  koly.write('koly', 0, 'latin1');
  koly.writeUInt32BE(VERSION, 4);
  koly.writeUInt32BE(KOLY_BYTES, 8);
  koly.writeUInt32BE(FLATTENED, 12);
  koly.writeBigUInt64BE(BigInt(figures.dataForkBytes), kolyFields.dataForkLength);
  koly.writeUInt32BE(1, 0x38); // segment 1 of 1
  koly.writeUInt32BE(1, 0x3c);
  figures.segmentId.copy(koly, 0x40, 0, 16);
  writeChecksum(koly, kolyFields.dataForkChecksum, figures.dataForkCrc);
  koly.writeBigUInt64BE(BigInt(figures.dataForkBytes), kolyFields.xmlOffset); // it follows the data
  koly.writeBigUInt64BE(BigInt(figures.propertyListBytes), kolyFields.xmlLength);
  writeChecksum(koly, kolyFields.mainChecksum, figures.mainCrc);
  koly.writeUInt32BE(BARE_VOLUME, 0x1e8);
  koly.writeBigUInt64BE(BigInt(figures.sectorCount), kolyFields.sectorCount);
  return koly;
}

/** Type, size in bits, and 128 bytes of which a CRC-32 fills the first four. */
export function writeChecksum(target: Buffer, at: number, crc: number): void {
  target.writeUInt32BE(CRC_32, at);
  target.writeUInt32BE(32, at + 4);
  target.writeUInt32BE(crc, at + 8);
}

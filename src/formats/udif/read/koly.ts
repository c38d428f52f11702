import { corrupt, demand, uint64At, unsupported } from './findings.ts';

const TRAILER_BYTES = 512;
const NO_CHECKSUM = 0;
const CRC_32 = 2;

/** The trailer of a disk image, its ranges checked against the file. */
export interface Koly {
  readonly fileBytes: number;
  readonly dataForkOffset: number;
  readonly dataForkLength: number;
  /** Left out when the image says that it has none. */
  readonly dataForkCrc?: number;
  readonly xmlOffset: number;
  readonly xmlLength: number;
  /** Both 0 when the image is not signed. */
  readonly signatureOffset: number;
  readonly signatureSize: number;
  readonly mainCrc?: number;
  readonly sectorCount: number;
  /** The 512 bytes. */
  readonly bytes: Buffer;
}

/** How many bytes at the start of a signed image are those of the unsigned one. */
export const unsignedPrefixLength = (koly: Pick<Koly, 'xmlOffset' | 'xmlLength'>): number =>
  koly.xmlOffset + koly.xmlLength;

/**
 * Reads the last 512 bytes of a file of `fileBytes` bytes and checks that what it names lies in the file in the
 * only order that can be signed: data, property list, signature if there is one, trailer.
 *
 * @throws ShipError DMG_CORRUPT · DMG_UNSUPPORTED
 */
export function parseKoly(bytes: Buffer, fileBytes: number): Koly {
  demand(bytes.length === TRAILER_BYTES, `The file has ${fileBytes} bytes, less than a trailer.`);
  demand(
    bytes.toString('latin1', 0, 4) === 'koly',
    'The file does not end with the trailer of a disk image.',
  );
  demand(bytes.readUInt32BE(4) === 4, () => `The trailer has version ${bytes.readUInt32BE(4)}, not 4.`);
  demand(bytes.readUInt32BE(8) === TRAILER_BYTES, 'The trailer gives itself another size than 512 bytes.');
  if (bytes.readUInt32BE(0x3c) > 1) throw unsupported('It is one of several segments.');
  const dataForkCrc = checksumAt(bytes, 0x50, 'data fork');
  const mainCrc = checksumAt(bytes, 0x160, 'whole image');
  const koly: Koly = {
    fileBytes,
    bytes: Buffer.from(bytes),
    dataForkOffset: uint64At(bytes, 0x18, 'data fork offset'),
    dataForkLength: uint64At(bytes, 0x20, 'data fork length'),
    ...(dataForkCrc !== undefined && { dataForkCrc }),
    xmlOffset: uint64At(bytes, 0xd8, 'property list offset'),
    xmlLength: uint64At(bytes, 0xe0, 'property list length'),
    signatureOffset: uint64At(bytes, 0x128, 'signature offset'),
    signatureSize: uint64At(bytes, 0x130, 'signature size'),
    ...(mainCrc !== undefined && { mainCrc }),
    sectorCount: uint64At(bytes, 0x1ec, 'sector count'),
  };
  checkRanges(koly);
  return koly;
}

function checkRanges(koly: Koly): void {
  const dataEnd = koly.dataForkOffset + koly.dataForkLength;
  const trailerAt = koly.fileBytes - TRAILER_BYTES;
  const end = unsignedPrefixLength(koly);
  demand(koly.xmlLength > 0, 'The trailer names no property list.');
  demand(koly.xmlOffset >= dataEnd, 'The property list does not come after the data.');
  demand(end <= trailerAt, `The property list ends at ${end}, after the trailer begins at ${trailerAt}.`);
  if (koly.signatureSize === 0) {
    demand(end === trailerAt, `Between property list and trailer are ${trailerAt - end} bytes of no use.`);
    return;
  }
  const { signatureOffset, signatureSize } = koly;
  demand(
    signatureOffset === end,
    `The signature is at ${signatureOffset}, but the property list ends at ${end}.`,
  );
  demand(end + signatureSize === trailerAt, 'The signature does not reach to the trailer.');
}

/** Type, size in bits, and the value: what UDIF writes for every checksum. */
export function checksumAt(bytes: Buffer, at: number, what: string): number | undefined {
  const type = bytes.readUInt32BE(at);
  if (type === NO_CHECKSUM) return undefined;
  if (type !== CRC_32) throw unsupported(`The checksum of the ${what} is of type ${type}, not CRC-32.`);
  if (bytes.readUInt32BE(at + 4) !== 32) throw corrupt(`The CRC-32 of the ${what} has not 32 bits.`);
  return bytes.readUInt32BE(at + 8);
}

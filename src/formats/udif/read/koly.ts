import type { ShipError } from '../../../errors.ts';
import { KOLY_BYTES, kolyFields } from '../koly.ts';
import { corrupt, demand, uint64At, unsupported } from './findings.ts';

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

/** @param trailer - the last 512 bytes of a file */
export const hasKolyMagic = (trailer: Buffer): boolean =>
  trailer.length === KOLY_BYTES && trailer.toString('latin1', 0, 4) === 'koly';

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
  demand(bytes.length === KOLY_BYTES, `The file has ${fileBytes} bytes, less than a trailer.`);
  demand(hasKolyMagic(bytes), 'The file does not end with the trailer of a disk image.');
  demand(bytes.readUInt32BE(4) === 4, () => `The trailer has version ${bytes.readUInt32BE(4)}, not 4.`);
  demand(bytes.readUInt32BE(8) === KOLY_BYTES, 'The trailer gives itself another size than 512 bytes.');
  if (bytes.readUInt32BE(0x3c) > 1) throw unsupported('It is one of several segments.');
  const dataForkCrc = checksumAt(bytes, kolyFields.dataForkChecksum, 'data fork');
  const mainCrc = checksumAt(bytes, kolyFields.mainChecksum, 'whole image');
  const koly: Koly = {
    fileBytes,
    bytes: Buffer.from(bytes),
    dataForkOffset: uint64At(bytes, kolyFields.dataForkOffset, 'data fork offset'),
    dataForkLength: uint64At(bytes, kolyFields.dataForkLength, 'data fork length'),
    ...(dataForkCrc !== undefined && { dataForkCrc }),
    xmlOffset: uint64At(bytes, kolyFields.xmlOffset, 'property list offset'),
    xmlLength: uint64At(bytes, kolyFields.xmlLength, 'property list length'),
    signatureOffset: uint64At(bytes, kolyFields.signatureOffset, 'signature offset'),
    signatureSize: uint64At(bytes, kolyFields.signatureSize, 'signature size'),
    ...(mainCrc !== undefined && { mainCrc }),
    sectorCount: uint64At(bytes, kolyFields.sectorCount, 'sector count'),
  };
  checkRanges(koly);
  return koly;
}

function checkRanges(koly: Koly): void {
  const dataEnd = koly.dataForkOffset + koly.dataForkLength;
  const trailerAt = koly.fileBytes - KOLY_BYTES;
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

/** The bytes of a code signature in a file. */
export interface SignatureRange {
  readonly offset: number;
  readonly sizeBytes: number;
}

/**
 * Where the trailer of any disk image, also of a form that `parseKoly` refuses, names its code signature. It lies in
 * front of the trailer; nothing else is looked at.
 *
 * @param refuse - makes the error of a range that leaves the file; the fact has no full stop
 * @returns undefined when the image is not signed
 * @throws what `refuse` makes, DMG_CORRUPT when it is left out
 */
export function signatureRange(
  trailer: Buffer,
  fileBytes: number,
  refuse = (fact: string): ShipError => corrupt(`${fact}.`),
): SignatureRange | undefined {
  const offset = trailer.readBigUInt64BE(kolyFields.signatureOffset);
  const sizeBytes = trailer.readBigUInt64BE(kolyFields.signatureSize);
  const isUnsigned = sizeBytes === 0n && offset <= BigInt(Number.MAX_SAFE_INTEGER);
  if (isUnsigned) return undefined;
  if (offset + sizeBytes > BigInt(fileBytes - KOLY_BYTES))
    throw refuse(`Its code signature of ${sizeBytes} bytes at ${offset} leaves the file`);
  return { offset: Number(offset), sizeBytes: Number(sizeBytes) };
}

/** The trailer with the length of the signature blanked: what special slot 6 is the digest of. */
export const withoutSignatureSize = (trailer: Buffer): Buffer =>
  Buffer.from(trailer).fill(0, kolyFields.signatureSize, kolyFields.signatureSize + 8);

/** The trailer as it was before the image was signed. */
export const withoutSignature = (trailer: Buffer): Buffer =>
  withoutSignatureSize(trailer).fill(0, kolyFields.signatureOffset, kolyFields.signatureOffset + 8);

/** Type, size in bits, and the value: what UDIF writes for every checksum. */
export function checksumAt(bytes: Buffer, at: number, what: string): number | undefined {
  const type = bytes.readUInt32BE(at);
  if (type === NO_CHECKSUM) return undefined;
  if (type !== CRC_32) throw unsupported(`The checksum of the ${what} is of type ${type}, not CRC-32.`);
  if (bytes.readUInt32BE(at + 4) !== 32) throw corrupt(`The CRC-32 of the ${what} has not 32 bits.`);
  return bytes.readUInt32BE(at + 8);
}

import { Bytes } from './bytes.ts';
import { malformed } from './malformed.ts';

/** The last 512 bytes of a disk image ("koly" block), as far as its signature is concerned. */
export interface UdifTrailer {
  readonly signature?: { readonly offset: number; readonly sizeBytes: number };
  /** The trailer with the length of the signature blanked: what special slot 6 is the digest of. */
  readonly sealedBytes: Buffer;
}

export const UDIF_TRAILER_BYTES = 512;
const MAGIC = 0x6b6f6c79;
const SIGNATURE_OFFSET_AT = 296;
const SIGNATURE_SIZE_AT = 304;

export const looksLikeUdif = (trailer: Buffer): boolean =>
  trailer.length === UDIF_TRAILER_BYTES && trailer.readUInt32BE(0) === MAGIC;

export function readUdifTrailer(trailer: Buffer, fileSizeBytes: number): UdifTrailer {
  const bytes = new Bytes(trailer, 'trailer of the disk image');
  const range = { offset: bytes.u64(SIGNATURE_OFFSET_AT), sizeBytes: bytes.u64(SIGNATURE_SIZE_AT) };
  const sealedBytes = Buffer.from(trailer);
  sealedBytes.fill(0, SIGNATURE_SIZE_AT, SIGNATURE_SIZE_AT + 8);
  if (range.sizeBytes === 0) return { sealedBytes };
  if (range.offset + range.sizeBytes > fileSizeBytes - UDIF_TRAILER_BYTES)
    throw malformed('trailer of the disk image', `its code signature at ${range.offset} leaves the file`);
  return { signature: range, sealedBytes };
}

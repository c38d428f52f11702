import { type FileHandle, open } from 'node:fs/promises';
import { KOLY_BYTES } from '../../formats/udif/koly.ts';
import { corrupt, demand } from '../../formats/udif/read/findings.ts';
import {
  type Koly,
  parseKoly,
  unsignedPrefixLength,
  withoutSignature,
} from '../../formats/udif/read/koly.ts';
import { kolyOf, readExactly } from './image.ts';

export { type Koly, unsignedPrefixLength } from '../../formats/udif/read/koly.ts';

const SUPERBLOB_MAGIC = 0xfade0cc0;
/** A signature with its certificates has about 10 KiB, with a ticket a few more. */
const MAX_TAIL_BYTES = 16 * 1024 * 1024;

/**
 * Reads the trailer of a disk image, signed or not.
 *
 * @throws ShipError DMG_CORRUPT · DMG_UNSUPPORTED
 */
export async function readKoly(path: string): Promise<Koly> {
  const file = await open(path, 'r');
  try {
    return await kolyOf(file);
  } finally {
    await file.close();
  }
}

/** Where the code signature is; its first bytes must be those of one, and its length that of its place. */
export async function signatureOf(
  file: FileHandle,
  koly: Koly,
): Promise<{ offset: number; size: number } | undefined> {
  const { signatureOffset: offset, signatureSize: size } = koly;
  if (size === 0) return undefined;
  demand(size >= 12, `The code signature has only ${size} bytes.`);
  const head = await readExactly(file, offset, 8);
  checkSuperblob(head, size);
  return { offset, size };
}

function checkSuperblob(head: Buffer, size: number): void {
  demand(head.readUInt32BE(0) === SUPERBLOB_MAGIC, 'Where the code signature should be is something else.');
  const stated = head.readUInt32BE(4);
  demand(stated <= size, `The code signature names ${stated} bytes, but has room for ${size}.`);
}

/**
 * Turns our unsigned image into the signed one with the end of a copy that was signed elsewhere: signing changes
 * nothing before the end of the property list, so only what follows has to come back.
 *
 * @param imagePath - the unsigned image; it is changed in place, and left as it was when the tail does not fit
 * @param tail - the bytes of the signed copy from `unsignedPrefixLength` of its trailer to its end
 * @throws ShipError DMG_CORRUPT when the tail is not that of a signed copy of this image
 */
export async function attachSignedTail(
  imagePath: string,
  tail: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Koly> {
  const bytes = await collect(tail);
  const file = await open(imagePath, 'r+');
  try {
    const unsigned = await kolyOf(file);
    const prefixBytes = unsignedPrefixLength(unsigned);
    const signed = checkTail(bytes, unsigned, prefixBytes);
    await file.truncate(prefixBytes);
    for (let at = 0; at < bytes.length; ) {
      at += (await file.write(bytes, at, bytes.length - at, prefixBytes + at)).bytesWritten;
    }
    return signed;
  } finally {
    await file.close();
  }
}

async function collect(tail: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of tail) {
    sizeBytes += part.length;
    demand(sizeBytes <= MAX_TAIL_BYTES, `The signed end of the image has more than ${MAX_TAIL_BYTES} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function checkTail(tail: Buffer, unsigned: Koly, prefixBytes: number): Koly {
  if (tail.length < KOLY_BYTES + 12) throw corrupt(`The signed end of the image has ${tail.length} bytes.`);
  const signed = parseKoly(tail.subarray(-KOLY_BYTES), prefixBytes + tail.length);
  demand(signed.signatureSize > 0, 'The copy that came back is not signed.');
  checkSuperblob(tail, signed.signatureSize);
  const same = withoutSignature(signed.bytes).equals(withoutSignature(unsigned.bytes));
  demand(same, 'The signed end belongs to another disk image.');
  return signed;
}

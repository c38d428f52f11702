import { Bytes } from './bytes.ts';
import { parseEmbeddedSignature, slots } from './embedded-signature.ts';

const SUPERBLOB_MAGIC = 0xfade0cc0;
const BLOB_WRAPPER_MAGIC = 0xfade0b01;
const HEADER_BYTES = 12;
const INDEX_ENTRY_BYTES = 8;
const BLOB_HEADER_BYTES = 8;

/**
 * A code signature with a notarization ticket added, or put in place of an older one. What is signed stays as it is,
 * byte for byte: the ticket has a slot (0x10002) of its own that no CodeDirectory covers.
 *
 * @throws ShipError SIGNATURE_MALFORMED when `signature` is none
 */
export function withTicket(signature: Buffer, ticket: Buffer): Buffer {
  const { sizeBytes, blobs } = parseEmbeddedSignature(signature);
  const bytes = new Bytes(signature.subarray(0, sizeBytes), 'code signature');
  const order = Array.from({ length: bytes.u32(8) }, (_, index) =>
    bytes.u32(HEADER_BYTES + index * INDEX_ENTRY_BYTES),
  );
  const kept = order.filter((slot) => slot !== slots.ticket);
  const entries = kept.map((slot) => [slot, blobs.get(slot) as Buffer] as const);
  return superblob([...entries, [slots.ticket, wrapped(ticket)]]);
}

function wrapped(ticket: Buffer): Buffer {
  const blob = Buffer.alloc(BLOB_HEADER_BYTES + ticket.length);
  blob.writeUInt32BE(BLOB_WRAPPER_MAGIC, 0);
  blob.writeUInt32BE(blob.length, 4);
  ticket.copy(blob, BLOB_HEADER_BYTES);
  return blob;
}

/** Header, one index entry for each blob, then the blobs back to back. */
function superblob(entries: ReadonlyArray<readonly [slot: number, blob: Buffer]>): Buffer {
  const head = Buffer.alloc(HEADER_BYTES + entries.length * INDEX_ENTRY_BYTES);
  let offset = head.length;
  entries.forEach(([slot, blob], index) => {
    head.writeUInt32BE(slot, HEADER_BYTES + index * INDEX_ENTRY_BYTES);
    head.writeUInt32BE(offset, HEADER_BYTES + index * INDEX_ENTRY_BYTES + 4);
    offset += blob.length;
  });
  head.writeUInt32BE(SUPERBLOB_MAGIC, 0);
  head.writeUInt32BE(offset, 4);
  head.writeUInt32BE(entries.length, 8);
  return Buffer.concat([head, ...entries.map(([, blob]) => blob)]);
}

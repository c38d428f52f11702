import { looksLikeTicket, TICKET_MAGIC_BYTES } from '../../formats/code-signature/ticket.ts';
import type { SignedFile } from '../code-signature/signed-file.ts';

const TRAILER_BYTES = 16;
const TRAILER_MAGIC = 't8lr';
const VERSION = 1;
const types = { terminator: 1, ticket: 2 } as const;
const MAX_TICKET_BYTES = 1024 * 1024;

/**
 * Where the part of a package ends that is no stapled ticket. A ticket stands behind the heap, between two trailers
 * of 16 bytes: magic, version, type, length, and zeros, all little-endian.
 *
 * @returns undefined when there is no ticket
 */
export async function endOfTicket(file: SignedFile): Promise<number | undefined> {
  if (file.sizeBytes < 2 * TRAILER_BYTES) return undefined;
  const trailer = await file.read(file.sizeBytes - TRAILER_BYTES, TRAILER_BYTES);
  const length = lengthIn(trailer, types.ticket);
  if (length === undefined || length > MAX_TICKET_BYTES || length + TRAILER_BYTES > file.sizeBytes)
    return undefined;
  const start = file.sizeBytes - TRAILER_BYTES - length;
  const ticket = await file.read(start, Math.min(length, TICKET_MAGIC_BYTES));
  if (!looksLikeTicket(ticket)) return undefined;
  const before = start - TRAILER_BYTES;
  const isEnclosed =
    before >= 0 && lengthIn(await file.read(before, TRAILER_BYTES), types.terminator) !== undefined;
  return isEnclosed ? before : start;
}

/** A ticket as it stands at the end of a package, between its two trailers. */
export const enclosedTicket = (ticket: Buffer): Buffer =>
  Buffer.concat([trailerOf(types.terminator, 0), ticket, trailerOf(types.ticket, ticket.length)]);

function trailerOf(type: number, length: number): Buffer {
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.write(TRAILER_MAGIC, 'latin1');
  trailer.writeUInt16LE(VERSION, 4);
  trailer.writeUInt16LE(type, 6);
  trailer.writeUInt32LE(length, 8);
  return trailer;
}

function lengthIn(trailer: Buffer, type: number): number | undefined {
  const isTrailer = trailer.toString('latin1', 0, 4) === TRAILER_MAGIC && trailer.readUInt16LE(6) === type;
  return isTrailer ? trailer.readUInt32LE(8) : undefined;
}

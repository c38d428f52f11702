import { Asn1Error } from './node.ts';

const TAG_NUMBER = 0x1f;
const CONSTRUCTED = 0x20;
const INDEFINITE = 0x80;
const universal = {
  endMark: 0,
  boolean: 1,
  integer: 2,
  null: 5,
  oid: 6,
  enumerated: 10,
  sequence: 16,
  set: 17,
} as const;
/** Values of one piece; marked as constructed they would be another form of the same. */
const PRIMITIVE: readonly number[] = [
  universal.boolean,
  universal.integer,
  universal.null,
  universal.oid,
  universal.enumerated,
];
const MAX_LENGTH_BYTES = 4;
const MAX_DEPTH = 64;

/**
 * Walks a BER value by its lengths alone: each part must end exactly where the one around it says (X.690, 8.1).
 * The library that reads the values is lenient here, so that a changed length could pass for the same content. For the
 * same reason lengths and integers must be as short as they can be (10.1 and 8.3.2), which all that sign make them.
 *
 * @param openEnds - whether a value may be closed by an end mark in place of a length, as BER allows and DER does not
 * @throws Asn1Error
 */
export function checkBerForm(bytes: Buffer, openEnds: 'allowed' | 'refused'): void {
  if (new BerWalk(bytes, openEnds === 'allowed').value(0, bytes.length, 0) !== bytes.length)
    throw new Asn1Error('something follows its end');
}

class BerWalk {
  readonly #bytes: Buffer;
  readonly #mayBeOpen: boolean;

  constructor(bytes: Buffer, mayBeOpen: boolean) {
    this.#bytes = bytes;
    this.#mayBeOpen = mayBeOpen;
  }

  /** Passes one value and returns where it ends. */
  value(at: number, limit: number, depth: number): number {
    const tag = this.#byte(at, limit);
    const isConstructed = (tag & CONSTRUCTED) !== 0;
    const isFlat = tag === universal.sequence || tag === universal.set;
    const isInPieces = isConstructed && PRIMITIVE.includes(tag - CONSTRUCTED);
    if (
      tag === universal.endMark ||
      isFlat ||
      isInPieces ||
      (tag & TAG_NUMBER) === TAG_NUMBER ||
      depth > MAX_DEPTH
    )
      throw this.#broken(at);
    if (this.#byte(at + 1, limit) === INDEFINITE) {
      if (!isConstructed || !this.#mayBeOpen) throw this.#broken(at);
      return this.#untilEndMark(at + 2, limit, depth);
    }
    const { start, end } = this.#range(at, limit);
    this.#checkShort(tag, start, end);
    if (isConstructed) for (let next = start; next < end; ) next = this.value(next, end, depth + 1);
    return end;
  }

  #untilEndMark(start: number, limit: number, depth: number): number {
    let next = start;
    while (this.#byte(next, limit) !== universal.endMark) next = this.value(next, limit, depth + 1);
    if (this.#byte(next + 1, limit) !== 0) throw this.#broken(next);
    return next + 2;
  }

  #range(at: number, limit: number): { start: number; end: number } {
    const first = this.#byte(at + 1, limit);
    const lengthBytes = first < INDEFINITE ? 0 : first - INDEFINITE;
    const start = at + 2 + lengthBytes;
    if (lengthBytes > MAX_LENGTH_BYTES || start > limit) throw this.#broken(at);
    const length = lengthBytes === 0 ? first : this.#bytes.readUIntBE(at + 2, lengthBytes);
    const isShortest = lengthBytes === 0 || length >= Math.max(INDEFINITE, 256 ** (lengthBytes - 1));
    if (!isShortest || start + length > limit) throw this.#broken(at);
    return { start, end: start + length };
  }

  #checkShort(tag: number, start: number, end: number): void {
    const isNull = tag === universal.null && end !== start;
    const isBoolean =
      tag === universal.boolean && (end !== start + 1 || ![0, 0xff].includes(this.#byte(start, end)));
    const isInteger = tag === universal.integer || tag === universal.enumerated;
    if (isNull || isBoolean || (isInteger && !this.#isShortestInteger(start, end))) throw this.#broken(start);
  }

  /** A byte of nothing but the sign may not stand in front of another that says it already. */
  #isShortestInteger(start: number, end: number): boolean {
    const first = this.#byte(start, end);
    if (end === start + 1) return true;
    const isNextNegative = this.#byte(start + 1, end) >= 0x80;
    return first !== (isNextNegative ? 0xff : 0);
  }

  #byte(at: number, limit: number): number {
    const byte = at < limit ? this.#bytes[at] : undefined;
    if (byte === undefined) throw this.#broken(at);
    return byte;
  }

  #broken(at: number): Error {
    return new Asn1Error(`its ASN.1 structure breaks off at byte ${at}`);
  }
}

import { createHash, type Hash, hash } from 'node:crypto';
import { malformed } from './malformed.ts';

/** One of the digests that a CodeDirectory may use (`CS_HASHTYPE_*` of Apple's cs_blobs.h). */
export interface HashKind {
  readonly name: 'sha1' | 'sha256' | 'sha256-truncated' | 'sha384' | 'sha512';
  /** Name for node:crypto. */
  readonly algorithm: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  /** Bytes kept in each slot. */
  readonly sizeBytes: number;
  /** The kernel uses the CodeDirectory of the highest rank. */
  readonly rank: number;
}

const kinds: Readonly<Record<number, HashKind>> = {
  1: { name: 'sha1', algorithm: 'sha1', sizeBytes: 20, rank: 1 },
  2: { name: 'sha256', algorithm: 'sha256', sizeBytes: 32, rank: 3 },
  3: { name: 'sha256-truncated', algorithm: 'sha256', sizeBytes: 20, rank: 2 },
  4: { name: 'sha384', algorithm: 'sha384', sizeBytes: 48, rank: 4 },
  5: { name: 'sha512', algorithm: 'sha512', sizeBytes: 64, rank: 5 },
};

export function hashKind(type: number, sizeBytes: number): HashKind {
  const kind = kinds[type];
  if (!kind) throw malformed('CodeDirectory', `its digest type ${type} is not known`);
  if (kind.sizeBytes !== sizeBytes)
    throw malformed('CodeDirectory', `its ${kind.name} digests are ${sizeBytes} bytes long`);
  return kind;
}

export const digestOf = (kind: HashKind, bytes: Uint8Array): Buffer =>
  hash(kind.algorithm, bytes, 'buffer').subarray(0, kind.sizeBytes);

/** A digest taken piece by piece. */
export class RunningDigest {
  readonly kind: HashKind;
  readonly #hash: Hash;

  constructor(kind: HashKind) {
    this.kind = kind;
    this.#hash = createHash(kind.algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  finish(): Buffer {
    return this.#hash.digest().subarray(0, this.kind.sizeBytes);
  }
}

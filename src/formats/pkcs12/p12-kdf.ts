import { createHash, hash, pbkdf2, pbkdf2Sync } from 'node:crypto';
import { promisify } from 'node:util';
import { UnsupportedForm } from '../asn1/node.ts';
import type { WorkBudget } from './work-budget.ts';

export const HASH_BYTES: Readonly<Record<string, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

export interface Derivation {
  readonly hash: string;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly lengthBytes: number;
}

const hashBytes = (name: string): number => {
  const size = HASH_BYTES[name];
  if (!size) throw new UnsupportedForm(`the hash function ${name} is not supported`);
  return size;
};

export function derivePbkdf2(passwordUtf8: Buffer, wanted: Derivation, budget: WorkBudget): Buffer {
  const blocks = Math.ceil(wanted.lengthBytes / hashBytes(wanted.hash));
  budget.chargePbkdf2(wanted.iterations, blocks, wanted.hash, wanted.salt);
  const { salt, iterations, lengthBytes, hash: digest } = wanted;
  return budget.keyOf(
    nameOf('PBKDF2', passwordUtf8, wanted),
    () => pbkdf2Sync(passwordUtf8, salt, iterations, lengthBytes, digest),
    () => pbkdf2InPool(passwordUtf8, salt, iterations, lengthBytes, digest),
  );
}

const pbkdf2InPool = promisify(pbkdf2);

/** Tells derivations apart without holding the password. */
const nameOf = (kind: string, password: Buffer, wanted: Derivation): string =>
  createHash('sha256')
    .update(JSON.stringify([kind, wanted.hash, wanted.iterations, wanted.lengthBytes, password.length]))
    .update(password)
    .update(wanted.salt)
    .digest('hex');

/** What the derived bytes are for: RFC 7292, B.3. */
export const PURPOSE = { key: 1, iv: 2, mac: 3 } as const;

/** The key derivation of PKCS#12 itself (RFC 7292, B.2), which node:crypto does not offer. */
export function derivePkcs12(
  passwordUtf16: Buffer,
  purpose: number,
  wanted: Derivation,
  budget: WorkBudget,
): Buffer {
  const blocks = Math.ceil(wanted.lengthBytes / hashBytes(wanted.hash));
  budget.chargePkcs12(wanted.iterations, blocks, wanted.salt);
  const rounds = () => pkcs12Rounds(passwordUtf16, purpose, wanted);
  return budget.keyOf(
    nameOf(`PKCS12 ${purpose}`, passwordUtf16, wanted),
    () => allAtOnce(rounds()),
    () => inTurns(rounds()),
  );
}

function allAtOnce(rounds: Generator<void, Buffer>): Buffer {
  for (;;) {
    const step = rounds.next();
    if (step.done) return step.value;
  }
}

async function inTurns(rounds: Generator<void, Buffer>): Promise<Buffer> {
  for (;;) {
    const step = rounds.next();
    if (step.done) return step.value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Pauses now and then; some milliseconds pass between two pauses. */
const ROUNDS_PER_PAUSE = 5_000;

function* pkcs12Rounds(passwordUtf16: Buffer, purpose: number, wanted: Derivation): Generator<void, Buffer> {
  const blocks = Math.ceil(wanted.lengthBytes / hashBytes(wanted.hash));
  const width = hashBytes(wanted.hash) > 32 ? 128 : 64;
  const diversifier = Buffer.alloc(width, purpose);
  const input = Buffer.concat([repeated(wanted.salt, width), repeated(passwordUtf16, width)]);
  const parts: Buffer[] = [];
  for (let index = 0; index < blocks; index += 1) {
    const block = yield* iterate(wanted.hash, Buffer.concat([diversifier, input]), wanted.iterations);
    parts.push(block);
    addToEach(input, repeated(block, width).subarray(0, width), width);
  }
  return Buffer.concat(parts).subarray(0, wanted.lengthBytes);
}

function* iterate(name: string, first: Buffer, iterations: number): Generator<void, Buffer> {
  let value = first;
  for (let round = 1; round <= iterations; round += 1) {
    value = hash(name, value, 'buffer');
    if (round % ROUNDS_PER_PAUSE === 0) yield;
  }
  return value;
}

/** `bytes` again and again, up to the next multiple of `width`. */
const repeated = (bytes: Buffer, width: number): Buffer =>
  bytes.length === 0 ? bytes : Buffer.alloc(Math.ceil(bytes.length / width) * width, bytes);

/** Every `width` bytes of `input`, as one big-endian number, become `(number + addend + 1) mod 2^(8 * width)`. */
function addToEach(input: Buffer, addend: Buffer, width: number): void {
  for (let start = 0; start < input.length; start += width) {
    let carry = 1;
    for (let index = width - 1; index >= 0; index -= 1) {
      carry += (input[start + index] ?? 0) + (addend[index] ?? 0);
      input[start + index] = carry & 0xff;
      carry >>= 8;
    }
  }
}

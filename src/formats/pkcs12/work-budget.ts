import { UnsupportedForm } from '../asn1/node.ts';
import { KeyNeeded, type PreparedKeys } from './prepared-keys.ts';

/**
 * Deriving a key from a password is made slow on purpose, by a count that the file itself names. The budget is
 * for the whole file (which may hold many keys) and is charged before anything is computed. The unit is one
 * SHA-1 or SHA-256 round of the native PBKDF2: about 0.2 µs, so that a whole budget is about one second.
 * That long nothing else would happen in this process: see `prepareP12`.
 * Files in use: OpenSSL 2,048 rounds, Keychain 2,048 or less, Java 10,000, NSS 600,000.
 */
const BUDGET_UNITS = 5_000_000;

/** The PKCS#12 function is one call from JavaScript for every round. */
const UNITS_OF_PKCS12_ROUND = 5;
const UNITS_OF_SHA512_ROUND = 2;
const MAX_SALT_BYTES = 4_096;
/** Of one derivation, however few its rounds are: a file of hundreds is opened anew for each while it is prepared. */
const MIN_UNITS = 25_000;

export class WorkBudget {
  #unitsLeft = BUDGET_UNITS;
  readonly #prepared: PreparedKeys | undefined;
  readonly #onlyPrepared: boolean;

  /** @param onlyPrepared - a key that is missing among the prepared ones is thrown as `KeyNeeded`, not derived */
  constructor(prepared?: PreparedKeys, { onlyPrepared = false } = {}) {
    this.#prepared = prepared;
    this.#onlyPrepared = onlyPrepared;
  }

  /** The key of that name: prepared, or derived now, while everything else waits. */
  keyOf(name: string, derive: () => Buffer, deriveInTurns: () => Promise<Buffer>): Buffer {
    const known = this.#prepared?.get(name);
    if (known) return Buffer.from(known);
    if (this.#onlyPrepared) throw new KeyNeeded(name, deriveInTurns);
    return derive();
  }

  chargePbkdf2(iterations: number, blocks: number, hash: string, salt: Buffer): void {
    const perRound = /^sha(384|512)/.test(hash) ? UNITS_OF_SHA512_ROUND : 1;
    this.#charge(iterations, iterations * blocks * perRound, salt);
  }

  chargePkcs12(iterations: number, blocks: number, salt: Buffer): void {
    this.#charge(iterations, iterations * blocks * UNITS_OF_PKCS12_ROUND, salt);
  }

  #charge(iterations: number, units: number, salt: Buffer): void {
    if (iterations < 1) throw new UnsupportedForm('an iteration count is below 1');
    if (salt.length > MAX_SALT_BYTES)
      throw new UnsupportedForm(`a salt has more than ${MAX_SALT_BYTES} bytes`);
    this.#unitsLeft -= Math.max(units, MIN_UNITS);
    if (!(this.#unitsLeft >= 0)) {
      throw new UnsupportedForm('its iteration counts ask for more work than perry-ship spends on one file');
    }
  }
}

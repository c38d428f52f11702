/** Keys of one PKCS#12 file that were derived before it is opened. Secret. */
export class PreparedKeys {
  readonly #keys = new Map<string, Buffer>();

  get(name: string): Buffer | undefined {
    return this.#keys.get(name);
  }

  add(name: string, key: Buffer): void {
    this.#keys.set(name, key);
  }

  /** Overwrites them. */
  forget(): void {
    for (const key of this.#keys.values()) key.fill(0);
    this.#keys.clear();
  }
}

/** No failure of the file: passed on by everything that reads it, up to whoever prepares it. */
export class KeyNeeded extends Error {
  readonly keyName: string;
  readonly derive: () => Promise<Buffer>;

  constructor(keyName: string, derive: () => Promise<Buffer>) {
    super('a key has not been prepared');
    this.keyName = keyName;
    this.derive = derive;
  }
}

/** Text is decoded in slices of this size: small enough to stay in the CPU's cache. */
const SLICE_BYTES = 48 * 1024;
/** Decoded bytes are handed on in blocks, because each block costs the unzipper a trip to another thread. */
const BLOCK_BYTES = 256 * 1024;

const [TAB, LF, CR, SPACE, MINUS, EQUALS, UNDERSCORE] = [0x09, 0x0a, 0x0d, 0x20, 0x2d, 0x3d, 0x5f] as const;
const isWhiteSpace = (byte: number): boolean => byte === LF || byte === CR || byte === SPACE || byte === TAB;

const inAlphabet = new Uint8Array(256);
for (const byte of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')) {
  inAlphabet[byte] = 1;
}

export interface DecodeBase64Options {
  /** Cap on the decoded bytes. */
  readonly maxBytes: number;
  /** Makes the error of text that is no base64. @param reason - a sentence with the position in the text */
  readonly corrupt: (reason: string) => Error;
  /** Makes the error of text that decodes to more than `maxBytes`. */
  readonly tooLarge: (reason: string) => Error;
}

/**
 * Decodes one base64 text (RFC 4648 section 4: standard alphabet, padded) while it arrives. White space is
 * ignored; everything else that does not belong there ends the stream, because Node's own decoder skips it.
 *
 * @returns blocks of 256 KiB (the last one shorter); memory does not grow with the text
 * @throws what `corrupt` and `tooLarge` make · errors of the source
 */
export async function* decodeBase64(
  source: AsyncIterable<Uint8Array>,
  options: DecodeBase64Options,
): AsyncGenerator<Buffer, void> {
  const decoder = new Base64Decoder(options);
  for await (const chunk of source) yield* decoder.push(asBuffer(chunk));
  yield* decoder.finish();
}

class Base64Decoder {
  /** Up to three characters that wait for the rest of their group of four. */
  private carry = '';
  private padding = 0;
  private textBytes = 0;
  private decodedBytes = 0;
  private block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  private filled = 0;
  private readonly options: DecodeBase64Options;

  constructor(options: DecodeBase64Options) {
    this.options = options;
  }

  *push(chunk: Buffer): Generator<Buffer, void> {
    for (let start = 0; start < chunk.length; start += SLICE_BYTES) {
      const slice = chunk.subarray(start, start + SLICE_BYTES);
      this.decodeSlice(slice);
      this.textBytes += slice.length;
      if (BLOCK_BYTES - this.filled < SLICE_BYTES) yield this.takeBlock();
    }
  }

  *finish(): Generator<Buffer, void> {
    this.decodeLastGroup();
    if (this.filled > 0) yield this.takeBlock();
  }

  private decodeSlice(slice: Buffer): void {
    const text = withoutWhiteSpace(slice);
    const firstPadding = this.padding > 0 ? 0 : text.indexOf(EQUALS);
    const data = firstPadding < 0 ? text : text.subarray(0, firstPadding);
    this.decodeGroups(data, slice);
    if (firstPadding >= 0) this.countPadding(text.subarray(firstPadding), slice);
  }

  private decodeGroups(data: Buffer, slice: Buffer): void {
    const text = this.carry + data.toString('latin1');
    const whole = text.length - (text.length % 4);
    const expected = (whole / 4) * 3;
    const written = this.block.write(text.slice(0, whole), this.filled, expected, 'base64');
    if (written !== expected || usesUrlAlphabet(data)) throw this.badCharacter(slice);
    this.filled += written;
    this.carry = text.slice(whole);
    if (this.carry !== '' && !isAlphabetic(this.carry)) throw this.badCharacter(slice);
    this.countDecoded(written);
  }

  private countPadding(text: Buffer, slice: Buffer): void {
    this.padding += text.length;
    const onlyPadding = text.every((byte) => byte === EQUALS);
    if (!onlyPadding || this.padding > 2) throw this.badCharacter(slice, 'text goes on after its padding');
  }

  private decodeLastGroup(): void {
    if (this.carry === '' && this.padding === 0) return;
    if (this.carry.length < 2 || this.carry.length + this.padding !== 4) {
      throw this.options.corrupt(
        `It ends after ${this.textBytes} bytes in the middle of a group of four characters.`,
      );
    }
    const bytes = Buffer.from(this.carry, 'base64');
    // Bits that no byte uses must be zero (RFC 4648 section 3.5), or the last character was changed on its way.
    if (bytes.toString('base64').slice(0, this.carry.length) !== this.carry) {
      throw this.options.corrupt(
        `Its last character before the padding (of ${this.textBytes} bytes) has bits that do not belong.`,
      );
    }
    this.filled += bytes.copy(this.block, this.filled);
    this.countDecoded(bytes.length);
  }

  private countDecoded(bytes: number): void {
    this.decodedBytes += bytes;
    const { maxBytes, tooLarge } = this.options;
    if (this.decodedBytes > maxBytes) throw tooLarge(`Its archive has more than ${maxBytes} bytes.`);
  }

  private takeBlock(): Buffer {
    const block = this.block.subarray(0, this.filled);
    this.block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.filled = 0;
    return block;
  }

  private badCharacter(slice: Buffer, why = 'there is a character that is not base64'): Error {
    const found = slice.findIndex((byte) => inAlphabet[byte] === 0 && !isWhiteSpace(byte));
    return this.options.corrupt(`At byte ${this.textBytes + Math.max(found, 0)}, ${why}.`);
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function withoutWhiteSpace(slice: Buffer): Buffer {
  if (![LF, CR, SPACE, TAB].some((byte) => slice.includes(byte))) return slice;
  return Buffer.from(slice.filter((byte) => !isWhiteSpace(byte)));
}

/** Node decodes both alphabets; only the standard one is what the hub sends. */
const usesUrlAlphabet = (data: Buffer): boolean => data.includes(MINUS) || data.includes(UNDERSCORE);

const isAlphabetic = (text: string): boolean =>
  [...text].every((character) => inAlphabet[character.charCodeAt(0)] === 1);

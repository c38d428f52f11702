/** Archives made byte by byte, so that a test can have any of their fields wrong. */
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

export interface TarPart {
  readonly name?: string;
  /** The letter in the header: `0` file, `1` hard link, `2` symbolic link, `5` folder … */
  readonly type?: string;
  readonly mode?: number;
  readonly linkName?: string;
  readonly prefix?: string;
  readonly body?: Buffer | string;
  /** When the header shall lie about it. */
  readonly size?: number;
  /** GNU tar leaves the field empty in a label. */
  readonly emptySize?: boolean;
  /** `ustar\0` + `00` by default; GNU writes `ustar  \0`. */
  readonly magic?: string;
  readonly badChecksum?: boolean;
}

const BLOCK = 512;
const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

export function tarPart(part: TarPart): Buffer {
  const body = Buffer.from(part.body ?? '');
  const header = Buffer.alloc(BLOCK);
  header.write(part.name ?? 'X.app/file', 0, 100);
  header.write(octal(part.mode ?? 0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  if (!part.emptySize) header.write(octal(part.size ?? body.length, 12), 124);
  header.write(octal(1_700_000_000, 12), 136);
  header.write(part.type ?? '0', 156, 'latin1');
  header.write(part.linkName ?? '', 157, 100);
  header.write(part.magic ?? 'ustar\u000000', 257, 'latin1');
  header.write(part.prefix ?? '', 345, 155);
  header.write(checksum(header) + (part.badChecksum ? 'x' : ''), 148);
  if (part.badChecksum) header[0] = (header[0] ?? 0) ^ 1;
  const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
  return Buffer.concat([header, body, padding]);
}

function checksum(header: Buffer): string {
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  return `${sum.toString(8).padStart(6, '0')}\0 `;
}

export const tarEnd = Buffer.alloc(2 * BLOCK);

export const tarball = (...parts: readonly (TarPart | Buffer)[]): Buffer =>
  Buffer.concat([...parts.map((part) => (Buffer.isBuffer(part) ? part : tarPart(part))), tarEnd]);

export const tarGz = (...parts: readonly (TarPart | Buffer)[]): Buffer => gzipSync(tarball(...parts));

/** One pax record with its own length in front. */
export function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length += 1;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

export const paxHeader = (records: Record<string, string>, type = 'x'): TarPart => ({
  name: 'PaxHeaders/x',
  type,
  body: Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, value))),
});

export const gnuLong = (type: 'L' | 'K', text: string): TarPart => ({
  name: '././@LongLink',
  type,
  magic: 'ustar  \0',
  body: Buffer.from(`${text}\0`),
});

export interface ZipPart {
  readonly name: string | Buffer;
  readonly body?: Buffer | string;
  readonly method?: number;
  /** Unix mode with its type bits; none is written by a tool of another system. */
  readonly mode?: number;
  readonly flags?: number;
  readonly hostSystem?: number;
  readonly extra?: Buffer;
  /** What the local header says, where it shall differ from the directory. */
  readonly local?: {
    readonly name?: string;
    readonly method?: number;
    readonly size?: number;
    readonly crc?: number;
  };
  readonly crc?: number;
  readonly declaredSize?: number;
  /** The bytes as they are in the archive, instead of the compressed body. */
  readonly packed?: Buffer;
  /** Takes the local header of this earlier entry instead of an own one. */
  readonly shareWith?: number;
}

interface Placed {
  readonly part: ZipPart;
  readonly name: Buffer;
  readonly body: Buffer;
  readonly packed: Buffer;
  readonly offset: number;
}

export interface ZipOptions {
  readonly entryCount?: number;
  readonly behind?: Buffer;
  readonly comment?: string;
}

export function zip(parts: readonly ZipPart[], options: ZipOptions = {}): Buffer {
  const placed: Placed[] = [];
  const chunks: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    const item = place(part, part.shareWith === undefined ? offset : (placed[part.shareWith]?.offset ?? 0));
    placed.push(item);
    if (part.shareWith !== undefined) continue;
    const bytes = Buffer.concat([localHeader(item), item.packed]);
    chunks.push(bytes);
    offset += bytes.length;
  }
  const directory = Buffer.concat(placed.map(directoryRecord));
  const end = endRecord(options.entryCount ?? parts.length, directory.length, offset, options.comment ?? '');
  return Buffer.concat([...chunks, directory, end, options.behind ?? Buffer.alloc(0)]);
}

function place(part: ZipPart, offset: number): Placed {
  const body = Buffer.from(part.body ?? '');
  const packed = part.packed ?? ((part.method ?? 8) === 8 && body.length > 0 ? deflateRawSync(body) : body);
  return { part, name: Buffer.from(part.name), body, packed, offset };
}

const methodOf = ({ part, body }: Placed): number => part.method ?? (body.length > 0 ? 8 : 0);

function localHeader(item: Placed): Buffer {
  const { part, body, packed } = item;
  const name = part.local?.name === undefined ? item.name : Buffer.from(part.local.name);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(20, 4);
  header.writeUInt16LE(part.flags ?? 0, 6);
  header.writeUInt16LE(part.local?.method ?? methodOf(item), 8);
  header.writeUInt32LE(part.local?.crc ?? part.crc ?? crc32(body), 14);
  header.writeUInt32LE(packed.length, 18);
  header.writeUInt32LE(part.local?.size ?? part.declaredSize ?? body.length, 22);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

function directoryRecord(item: Placed): Buffer {
  const { part, name, body, packed, offset } = item;
  const extra = part.extra ?? Buffer.alloc(0);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(((part.hostSystem ?? 3) << 8) | 20, 4);
  header.writeUInt16LE(20, 6);
  header.writeUInt16LE(part.flags ?? 0, 8);
  header.writeUInt16LE(methodOf(item), 10);
  header.writeUInt32LE(part.crc ?? crc32(body), 16);
  header.writeUInt32LE(packed.length, 20);
  header.writeUInt32LE(part.declaredSize ?? body.length, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(((part.mode ?? 0) << 16) >>> 0, 38);
  header.writeUInt32LE(offset, 42);
  return Buffer.concat([header, name, extra]);
}

function endRecord(entryCount: number, size: number, offset: number, comment: string): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entryCount, 8);
  end.writeUInt16LE(entryCount, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([end, Buffer.from(comment)]);
}

/** Delivers bytes in pieces of a size, as a network does. */
export async function* inPieces(bytes: Buffer, pieceBytes = 64 * 1024): AsyncGenerator<Buffer, void> {
  for (let start = 0; start < bytes.length; start += pieceBytes)
    yield bytes.subarray(start, start + pieceBytes);
}

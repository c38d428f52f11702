import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { writeXml, type XmlNode } from '../xml/write.ts';

/** A file of the archive; its bytes lie in the heap in the order of the files. */
export interface XarPart {
  readonly name: string;
  readonly storedBytes: number;
  /** Hex SHA-1 of the bytes as they are stored. */
  readonly storedSha1: string;
  /** The same where the file is stored as it is. */
  readonly unpackedBytes: number;
  readonly unpackedSha1: string;
  readonly encoding: 'zlib' | 'none';
}

export interface XarFolder {
  readonly name: string;
  readonly parts: readonly XarPart[];
}

export interface XarContent {
  /** Folders first, then the files at the top: so they lie in the heap. */
  readonly folders: readonly XarFolder[];
  readonly files: readonly XarPart[];
  readonly createdAt: Date;
}

const HEADER_BYTES = 28;
const VERSION = 1;
/** The number of SHA-1 in the header. */
const SHA1 = 1;
const SHA1_BYTES = 20;
const INDENT = 1;
const ENCODINGS = { zlib: 'application/x-gzip', none: 'application/octet-stream' } as const;

/**
 * What stands in a xar archive before its files: header, table of contents, and the checksum of that. SHA-1 is what
 * Apple's tools write and its Installer reads everywhere; the signature over it has a digest of its own.
 *
 * @see https://github.com/apple-oss-distributions/xar/blob/main/xar/include/xar.h.in
 */
export function xarHead(content: XarContent): Buffer {
  const table = Buffer.from(`${writeXml(tableOf(content), INDENT)}\n`);
  const stored = deflateSync(table);
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('xar!', 'latin1');
  header.writeUInt16BE(HEADER_BYTES, 4);
  header.writeUInt16BE(VERSION, 6);
  header.writeBigUInt64BE(BigInt(stored.length), 8);
  header.writeBigUInt64BE(BigInt(table.length), 16);
  header.writeUInt32BE(SHA1, 24);
  return Buffer.concat([header, stored, createHash('sha1').update(stored).digest()]);
}

function tableOf({ folders, files, createdAt }: XarContent): XmlNode {
  const heap = new Heap();
  const children: XmlNode[] = [
    {
      name: 'checksum',
      attributes: { style: 'sha1' },
      children: [leaf('size', SHA1_BYTES), leaf('offset', 0)],
    },
    leaf('creation-time', createdAt.toISOString().slice(0, 19)),
    ...folders.map(({ name, parts }) => heap.folder(name, parts)),
    ...files.map((part) => heap.file(part)),
  ];
  return { name: 'xar', children: [{ name: 'toc', children }] };
}

/** Numbers the files, and puts one behind the other. */
class Heap {
  #id = 0;
  #offset = SHA1_BYTES;

  folder(name: string, parts: readonly XarPart[]): XmlNode {
    const attributes = this.#numbered();
    const inside = parts.map((part) => this.file(part));
    return { name: 'file', attributes, children: [leaf('name', name), leaf('type', 'directory'), ...inside] };
  }

  file(part: XarPart): XmlNode {
    const attributes = this.#numbered();
    const data: XmlNode = {
      name: 'data',
      children: [
        { name: 'archived-checksum', attributes: { style: 'sha1' }, text: part.storedSha1 },
        { name: 'extracted-checksum', attributes: { style: 'sha1' }, text: part.unpackedSha1 },
        { name: 'encoding', attributes: { style: ENCODINGS[part.encoding] } },
        leaf('size', part.unpackedBytes),
        leaf('offset', this.#offset),
        leaf('length', part.storedBytes),
      ],
    };
    this.#offset += part.storedBytes;
    return { name: 'file', attributes, children: [leaf('name', part.name), leaf('type', 'file'), data] };
  }

  #numbered(): Record<string, string> {
    this.#id += 1;
    return { id: String(this.#id) };
  }
}

const leaf = (name: string, value: string | number): XmlNode => ({ name, text: String(value) });

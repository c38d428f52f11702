import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

export interface PackageFile {
  readonly name: string;
  readonly content: Buffer;
}

const digest = (algorithm: string, bytes: Buffer): string =>
  createHash(algorithm).update(bytes).digest('hex');

/** A flat installer package, unsigned, in the form that Apple's tools write: heap with the checksum first. */
export function makePackage(files: readonly PackageFile[], algorithm: 'sha1' | 'sha256' = 'sha1'): Buffer {
  const checksumBytes = createHash(algorithm).digest().length;
  const packed = files.map(({ content }) => deflateSync(content));
  const entries = files.map(({ name, content }, index) => {
    const stored = packed[index] ?? Buffer.alloc(0);
    const offset = checksumBytes + packed.slice(0, index).reduce((sum, part) => sum + part.length, 0);
    return `<file id="${index + 1}"><name>${name}</name><type>file</type><data>
      <archived-checksum style="${algorithm}">${digest(algorithm, stored)}</archived-checksum>
      <extracted-checksum style="${algorithm}">${digest(algorithm, content)}</extracted-checksum>
      <encoding style="application/x-gzip"/><offset>${offset}</offset>
      <size>${content.length}</size><length>${stored.length}</length></data></file>`;
  });
  return wrapTable(tableXml(entries.join(''), algorithm, checksumBytes), algorithm, packed);
}

const tableXml = (files: string, algorithm: string, checksumBytes: number): string =>
  `<?xml version="1.0" encoding="UTF-8"?><xar><toc><creation-time>2026-01-01T00:00:00</creation-time>
    <checksum style="${algorithm}"><offset>0</offset><size>${checksumBytes}</size></checksum>${files}</toc></xar>`;

/** Any table of contents as an archive; `heap` follows its checksum. */
export function wrapTable(xml: string, algorithm: 'sha1' | 'sha256', heap: readonly Buffer[] = []): Buffer {
  const text = Buffer.from(xml);
  const table = deflateSync(text);
  const header = Buffer.alloc(28);
  header.write('xar!');
  header.writeUInt16BE(28, 4);
  header.writeUInt16BE(1, 6);
  header.writeBigUInt64BE(BigInt(table.length), 8);
  header.writeBigUInt64BE(BigInt(text.length), 16);
  header.writeUInt32BE(algorithm === 'sha1' ? 1 : 3, 24);
  return Buffer.concat([header, table, createHash(algorithm).update(table).digest(), ...heap]);
}

import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

const CHECKSUM_BYTES = 20;
const HEADER_BYTES = 28;
const CHECKSUM_IS_SHA1 = 1;

const sha1 = (bytes) => createHash('sha1').update(bytes);

/**
 * A xar archive: header, compressed table of contents, its SHA-1, then what the files hold.
 *
 * @param items - `{name, content}` for a file, `{name, files}` for a folder
 */
export function flatPackage(items) {
  const heap = [];
  let offset = CHECKSUM_BYTES;
  let id = 0;
  const element = ({ name, content, files }) => {
    id += 1;
    const open = `<file id="${id}"><name>${name}</name>`;
    if (!content) return `${open}<type>directory</type>${files.map(element).join('')}</file>`;
    const stored = deflateSync(content);
    heap.push(stored);
    const place = `<offset>${offset}</offset><size>${content.length}</size><length>${stored.length}</length>`;
    offset += stored.length;
    return `${open}<type>file</type><data>
      <archived-checksum style="sha1">${sha1(stored).digest('hex')}</archived-checksum>
      <extracted-checksum style="sha1">${sha1(content).digest('hex')}</extracted-checksum>
      <encoding style="application/x-gzip"/>${place}</data></file>`;
  };
  const files = items.map(element).join('');
  const table = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?><xar><toc>
    <creation-time>2026-01-01T00:00:00</creation-time>
    <checksum style="sha1"><offset>0</offset><size>${CHECKSUM_BYTES}</size></checksum>${files}</toc></xar>`);
  const packed = deflateSync(table);
  return Buffer.concat([header(table, packed), packed, sha1(packed).digest(), ...heap]);
}

function header(table, packed) {
  const head = Buffer.alloc(HEADER_BYTES);
  head.write('xar!');
  head.writeUInt16BE(HEADER_BYTES, 4);
  head.writeUInt16BE(1, 6);
  head.writeBigUInt64BE(BigInt(packed.length), 8);
  head.writeBigUInt64BE(BigInt(table.length), 16);
  head.writeUInt32BE(CHECKSUM_IS_SHA1, 24);
  return head;
}

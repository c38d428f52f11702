import { createHash } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';
import { wrapTable } from './packages.ts';

export interface PayloadItem {
  readonly path: string;
  /** With the type, e.g. `0o100644`. */
  readonly mode: number;
  readonly content?: Buffer | string;
}

export interface ComponentPackage {
  readonly payload: Buffer;
  readonly distribution: string;
  readonly packageInfo: string;
  /** Beside the three parts of a component, by path. */
  readonly more?: Readonly<Record<string, string>>;
}

/** The old portable form of POSIX.1. */
export function cpio(items: readonly PayloadItem[]): Buffer {
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  const entry = ({ path, mode, content = '' }: PayloadItem) => {
    const name = Buffer.from(`${path}\0`);
    const bytes = Buffer.from(content);
    const numbers = [0, 1, mode, 0, 0, 1, 0].map((value) => octal(value, 6)).join('');
    const head = `070707${numbers}${octal(0, 11)}${octal(name.length, 6)}${octal(bytes.length, 11)}`;
    return Buffer.concat([Buffer.from(head), name, bytes]);
  };
  return Buffer.concat([...items, { path: 'TRAILER!!!', mode: 0 }].map(entry));
}

/** A package as `productbuild --component` makes it, unsigned. */
export function componentPackage({
  payload,
  distribution,
  packageInfo,
  more = {},
}: ComponentPackage): Buffer {
  const parts: Record<string, Buffer> = {
    Bom: Buffer.from('BOMStore'),
    Payload: payload,
    PackageInfo: Buffer.from(packageInfo),
    ...Object.fromEntries(Object.entries(more).map(([name, text]) => [name, Buffer.from(text)])),
  };
  const heap: Buffer[] = [];
  let offset = 20;
  const fileXml = (name: string, content: Buffer): string => {
    const stored = deflateSync(content);
    heap.push(stored);
    const at = offset;
    offset += stored.length;
    const digest = createHash('sha1').update(stored).digest('hex');
    return `<file id="${heap.length}"><name>${name}</name><type>file</type><data><archived-checksum style="sha1">${digest}</archived-checksum><encoding style="application/x-gzip"/><offset>${at}</offset><size>${content.length}</size><length>${stored.length}</length></data></file>`;
  };
  const inside = Object.entries(parts).map(([name, content]) => fileXml(name, content));
  const xml = `<xar><toc><checksum style="sha1"><offset>0</offset><size>20</size></checksum><file id="0"><name>part.pkg</name><type>directory</type>${inside.join('')}</file>${fileXml('Distribution', Buffer.from(distribution))}</toc></xar>`;
  return wrapTable(xml, 'sha1', heap);
}

export const gzipped = (items: readonly PayloadItem[]): Buffer => gzipSync(cpio(items));

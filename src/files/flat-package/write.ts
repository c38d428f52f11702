import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { writeBom } from '../../formats/bom/write.ts';
import { distribution } from '../../formats/flat-package/distribution.ts';
import { componentName, type PackageFacts } from '../../formats/flat-package/facts.ts';
import { packageInfo } from '../../formats/flat-package/package-info.ts';
import { type XarPart, xarHead } from '../../formats/flat-package/xar-head.ts';
import { writtenTo } from '../disk/digested-file.ts';
import { gzipInBlocks } from './gzip.ts';
import { Payload, type PayloadOptions } from './payload.ts';

export interface ProductOptions extends PayloadOptions {
  readonly facts: Omit<PackageFacts, 'itemCount' | 'installedKiB' | 'folderName'>;
  /** For the payload until the package is put together; must not exist. */
  readonly payloadPath: string;
}

/** An installer package that has no signature yet. */
export interface UnsignedProduct {
  /** Header, table of contents and its checksum: all that a signature is about. */
  readonly head: Buffer;
  /** What follows it, in this order: bytes, or the file that holds them. */
  readonly heap: readonly (Buffer | { readonly path: string })[];
  readonly heapBytes: number;
}

/**
 * Makes an installer package of one app, as `productbuild --component <app> /Applications` does: a product with one
 * component, no scripts, everything owned by root. Memory does not grow with the bytes of the app.
 *
 * @throws ShipError BUNDLE_TOO_LARGE · BUNDLE_CHANGED · BUNDLE_PATH_UNSAFE · the signal's reason
 */
export async function makeProduct(options: ProductOptions): Promise<UnsignedProduct> {
  const { folderName, payloadPath, sourceDate, signal } = options;
  const payload = await Payload.of(options);
  const stored = await writePayload(gzipInBlocks(payload.cpio(), signal), payloadPath);
  const { bom } = payload;
  const installedBytes = bom.items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const facts: PackageFacts = {
    ...options.facts,
    folderName,
    itemCount: bom.items.length,
    installedKiB: Math.floor(installedBytes / 1024),
  };
  const [bill, info, product] = [
    packed('Bom', Buffer.concat(writeBom(bom))),
    packed('PackageInfo', Buffer.from(packageInfo(facts))),
    packed('Distribution', Buffer.from(distribution(facts))),
  ] as const;
  const parts = [bill.part, stored, info.part];
  const head = xarHead({
    folders: [{ name: componentName(facts), parts }],
    files: [product.part],
    createdAt: sourceDate,
  });
  const heapBytes = [...parts, product.part].reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  return { head, heap: [bill.bytes, { path: payloadPath }, info.bytes, product.bytes], heapBytes };
}

/** A payload is compressed already: the archive stores it as it is. */
async function writePayload(pieces: AsyncIterable<Buffer>, path: string): Promise<XarPart> {
  const hash = createHash('sha1');
  let sizeBytes = 0;
  for await (const { bytes } of writtenTo(path, wrapped(pieces))) {
    hash.update(bytes);
    sizeBytes += bytes.length;
  }
  const sha1 = hash.digest('hex');
  const sizes = { storedBytes: sizeBytes, storedSha1: sha1, unpackedBytes: sizeBytes, unpackedSha1: sha1 };
  return { name: 'Payload', encoding: 'none', ...sizes };
}

async function* wrapped(pieces: AsyncIterable<Buffer>): AsyncGenerator<{ readonly bytes: Buffer }> {
  for await (const bytes of pieces) yield { bytes };
}

function packed(name: string, content: Buffer): { readonly part: XarPart; readonly bytes: Buffer } {
  const bytes = deflateSync(content);
  const part = {
    name,
    storedBytes: bytes.length,
    storedSha1: sha1Of(bytes),
    unpackedBytes: content.length,
    unpackedSha1: sha1Of(content),
    encoding: 'zlib',
  } as const;
  return { part, bytes };
}

const sha1Of = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');

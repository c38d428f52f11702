import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { getHead, putHead } from '../../adapters/guest/file-head.ts';
import { readInfoPlist } from '../../files/bundle/index.ts';
import { type FileDigest, writeDigested } from '../../files/disk/digested-file.ts';
import { makeProduct, type ProductOptions, type UnsignedProduct } from '../../files/flat-package/write.ts';
import { stringAt } from '../../formats/plist/index.ts';
import { need, type RunResults } from '../run-results.ts';
import { guestPackagePath, INSTALL_LOCATION, signPackage } from './installer-package.ts';
import type { GuestStepScope } from './step.ts';

/** Header, table of contents, signatures and certificates; a few tens of KiB. */
const MAX_HEAD_BYTES = 4 * 1024 * 1024;
const COPY_BYTES = 1024 * 1024;

/**
 * Without Apple's tools the package is made on this host. Its signature is over the table of contents alone, which has
 * a digest of every file: so only that goes to the guest, with zeros in the place of the files, which rcodesign 0.29.0
 * copies unread. What comes back is put before the files that never left.
 */
export async function packOurProduct(scope: GuestStepScope, path: string): Promise<FileDigest> {
  const { results, signal, report } = scope;
  const { appPath, folderName } = need(results, 'found');
  const payloadPath = `${path}.payload`;
  await Promise.all([path, payloadPath].map((old) => rm(old, { force: true })));
  try {
    const product = await makeProduct({
      appDir: appPath,
      folderName,
      sourceDate: new Date(),
      payloadPath,
      facts: await factsOf(results),
      signal,
      onProgress: (doneBytes, totalBytes) => report.progress((doneBytes / Math.max(1, totalBytes)) * 50),
    });
    const head = await signedHead(scope, product);
    report.progress(60);
    return await writeDigested(path, signedProduct(head, product, signal));
  } finally {
    await rm(payloadPath, { force: true });
  }
}

async function signedHead(scope: GuestStepScope, { head, heapBytes }: UnsignedProduct): Promise<Buffer> {
  const { results, session, signal } = scope;
  const remotePath = guestPackagePath(need(results, 'guestAppPath'));
  await putHead(session, { head, restBytes: heapBytes, remotePath, signal });
  await signPackage(scope, remotePath);
  return getHead(session, { remotePath, restBytes: heapBytes, maxBytes: MAX_HEAD_BYTES, signal });
}

async function* signedProduct(
  head: Buffer,
  { heap }: UnsignedProduct,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  yield head;
  for (const part of heap) {
    const pieces = Buffer.isBuffer(part)
      ? [part]
      : createReadStream(part.path, { highWaterMark: COPY_BYTES });
    for await (const piece of pieces as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      yield piece;
    }
  }
}

/** What the app says of itself when it is signed. */
async function factsOf(results: RunResults): Promise<ProductOptions['facts']> {
  const facts = need(results, 'facts');
  const info = await readInfoPlist(need(results, 'found').appPath, facts);
  const [shortVersion, buildVersion, minimumOs] = [
    'CFBundleShortVersionString',
    'CFBundleVersion',
    'LSMinimumSystemVersion',
  ].map((key) => stringAt(info, key));
  const title = stringAt(info, 'CFBundleDisplayName') ?? stringAt(info, 'CFBundleName');
  return {
    bundleId: facts.bundleId,
    architectures: facts.architectures,
    installLocation: INSTALL_LOCATION,
    ...(shortVersion !== undefined && { shortVersion }),
    ...(buildVersion !== undefined && { buildVersion }),
    ...(minimumOs !== undefined && { minimumOs }),
    ...(title !== undefined && { title }),
  };
}

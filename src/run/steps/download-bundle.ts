import { createHash, type Hash, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestSession } from '../../adapters/guest/guest.ts';
import { decodeBundleText } from '../../adapters/hub/bundle-text.ts';
import { type BundleDownload, openBundleDownload } from '../../adapters/hub/http.ts';
import { defaultUnpackLimits } from '../../files/archive/limits.ts';
import { unpackBundle } from '../../files/archive/unpack-bundle.ts';
import { EarlyTransfer } from '../early-transfer.ts';
import { originOf } from '../hub-origin.ts';
import { guestFolder } from './guest-folder.ts';
import { claimOf, type StepScope } from './step.ts';

export const unpackedDirOf = (runDir: string): string => join(runDir, 'bundle');

/** Download, base64 and unpacking as one stream; nothing but the unpacked files is written (a zip is spooled). */
export async function downloadBundle(scope: StepScope): Promise<void> {
  const { results, services, signal } = scope;
  const { authToken, tarballUrl } = claimOf(scope);
  const destDir = unpackedDirOf(results.dir);
  await rm(destDir, { recursive: true, force: true });
  const download = await openBundleDownload({
    url: tarballUrl,
    token: authToken,
    origin: originOf(services.config),
    signal,
  });
  const archive = decodeBundleText(counted(download, scope), defaultUnpackLimits.maxArchiveBytes);
  const digest = { hash: createHash('sha256'), bytes: 0 };
  const { unpackedBytes, dataFiles } = await sentOnTheWay(scope, destDir, (watch) =>
    unpackBundle(digested(archive, digest), destDir, {
      spoolDir: results.dir,
      limits: defaultUnpackLimits,
      ...(watch && { watch }),
      signal,
    }),
  );
  const received = { kind: 'archive', bytes: digest.bytes, sha256Hex: digest.hash.digest('hex') } as const;
  Object.assign(results, { unpackedBytes, dataFiles, received });
}

/** What is unpacked goes into the machine at once, if that is ready. */
async function sentOnTheWay<T>(
  { results, guest }: StepScope,
  sourceDir: string,
  unpack: (watch?: EarlyTransfer) => Promise<T>,
): Promise<T> {
  results.earlyTransfer?.stop();
  if (!guest) return unpack();
  const folder = (session: GuestSession, signal: AbortSignal) =>
    guestFolder({ session, signal }, `early-${randomUUID()}`);
  const early = new EarlyTransfer({ sourceDir, guest, folder });
  results.earlyTransfer = early;
  try {
    const unpacked = await unpack(early);
    early.end();
    return unpacked;
  } catch (error) {
    early.stop();
    throw error;
  }
}

async function* digested(
  chunks: AsyncIterable<Buffer>,
  digest: { readonly hash: Hash; bytes: number },
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    digest.hash.update(chunk);
    digest.bytes += chunk.length;
    yield chunk;
  }
}

async function* counted(
  { body, contentLengthBytes }: BundleDownload,
  { report }: StepScope,
): AsyncGenerator<Buffer> {
  let seenBytes = 0;
  for await (const chunk of body) {
    seenBytes += chunk.length;
    if (contentLengthBytes) report.progress((seenBytes / contentLengthBytes) * 95);
    yield chunk;
  }
}

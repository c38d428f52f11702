import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBase64Stream } from '../adapters/archive/base64.ts';
import { defaultUnpackLimits } from '../adapters/archive/limits.ts';
import { unpackBundle } from '../adapters/archive/unpack-bundle.ts';
import { type BundleDownload, openBundleDownload } from '../adapters/hub/http.ts';
import { assignmentOf, type StepScope } from './step.ts';

export const unpackedDirOf = (runDir: string): string => join(runDir, 'bundle');

/** Download, base64 and unpacking as one stream; nothing but the unpacked files is written (a zip is spooled). */
export async function downloadBundle(scope: StepScope): Promise<void> {
  const { desk, services, signal } = scope;
  const { authToken, tarballUrl } = assignmentOf(scope);
  const destDir = unpackedDirOf(desk.dir);
  await rm(destDir, { recursive: true, force: true });
  const download = await openBundleDownload({
    url: tarballUrl,
    token: authToken,
    origin: originOf(services),
    signal,
  });
  const archive = decodeBase64Stream(counted(download, scope), {
    maxBytes: defaultUnpackLimits.maxArchiveBytes,
  });
  const { unpackedBytes } = await unpackBundle(archive, destDir, {
    spoolDir: desk.dir,
    limits: defaultUnpackLimits,
    signal,
  });
  desk.unpackedBytes = unpackedBytes;
}

export const originOf = ({ config }: StepScope['services']) => ({
  hubUrl: config.hubUrl,
  ...(config.hubHttpUrl !== undefined && { httpBaseUrl: config.hubHttpUrl }),
});

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

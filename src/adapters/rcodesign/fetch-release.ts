import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar';
import { makeFolder } from '../../files/disk/make-folder.ts';
import { proxiedDownload } from '../http/proxied-download.ts';
import type { PinnedRelease } from './release.ts';

/** The largest archive of the release has about 12 MB. */
const MAX_ARCHIVE_BYTES = 64 * 1024 * 1024;

/**
 * Downloads the pinned archive and puts its program at `<folder>/bin/rcodesign`. Nothing of the archive is
 * unpacked before its SHA-256 is known to be the pinned one. Proxies of the environment are used.
 *
 * @throws Error with the reason in plain words · the signal's reason when aborted
 */
export async function fetchRelease(
  release: PinnedRelease,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const archive = join(folder, 'download.tar.gz');
  await downloadArchive(release, archive, signal);
  await unpackProgram(archive, join(folder, 'bin'));
  await rm(archive);
}

/** What lies in the file may be used only when this has returned. */
async function downloadArchive(release: PinnedRelease, file: string, signal: AbortSignal): Promise<void> {
  const sha256Hex = await download(release.url, file, signal);
  if (sha256Hex === release.sha256Hex) return;
  throw new Error(`the archive has SHA-256 ${sha256Hex}, expected ${release.sha256Hex}; it was thrown away`);
}

/**
 * The pinned archive itself, in the cache: what is there already is measured again.
 *
 * @returns absolute path
 * @throws Error with the reason in plain words · the signal's reason when aborted
 */
export async function cachedArchive(
  release: PinnedRelease,
  cache: string,
  signal: AbortSignal,
): Promise<string> {
  const file = join(cache, basename(new URL(release.url).pathname));
  if ((await sha256OfFile(file)) === release.sha256Hex) return file;
  await makeFolder(cache);
  const draft = await mkdtemp(join(cache, '.archive-'));
  try {
    await downloadArchive(release, join(draft, 'archive'), signal);
    await rename(join(draft, 'archive'), file);
    return file;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function sha256OfFile(file: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    return hash.digest('hex');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const download = (url: string, file: string, signal: AbortSignal): Promise<string> =>
  proxiedDownload(url, signal, async (body) => {
    const hash = createHash('sha256');
    await pipeline(body, measured(hash), createWriteStream(file), { signal });
    return hash.digest('hex');
  });

const measured = (hash: { update(chunk: Uint8Array): unknown }): Transform => {
  let sizeBytes = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      sizeBytes += chunk.length;
      hash.update(chunk);
      if (sizeBytes > MAX_ARCHIVE_BYTES) done(new Error('the archive is larger than any of the release'));
      else done(null, chunk);
    },
  });
};

async function unpackProgram(archive: string, folder: string): Promise<void> {
  await makeFolder(folder);
  const isProgram = (path: string): boolean => basename(path) === 'rcodesign';
  await extract({ file: archive, cwd: folder, strip: 1, strict: true, filter: isProgram });
  await chmod(join(folder, 'rcodesign'), 0o755);
}

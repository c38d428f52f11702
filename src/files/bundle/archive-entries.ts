import { createReadStream } from 'node:fs';
import type { ArchiveEntry } from '../archive/archive-entry.ts';
import { gunzipStrictly } from '../archive/inflate.ts';
import { readTar } from '../archive/tar-reader.ts';
import { readZip } from '../archive/zip-reader.ts';

export type ArchiveFormat = 'zip' | 'gzip' | 'tar';

/** As many bytes as tell what a file is. */
export const START_BYTES = 512;
const TAR_MAGIC_AT = 257;
const READ_BYTES = 256 * 1024;

/** By content, because a jar, a war, a wheel and an aar are zips of other names. */
export function archiveFormat(start: Buffer): ArchiveFormat | undefined {
  if (start.toString('latin1', 0, 4) === 'PK\u0003\u0004') return 'zip';
  if (start[0] === 0x1f && start[1] === 0x8b && start[2] === 8) return 'gzip';
  if (start.toString('latin1', TAR_MAGIC_AT, TAR_MAGIC_AT + 5) === 'ustar') return 'tar';
  return undefined;
}

export interface ReadEntriesOptions {
  readonly signal: AbortSignal;
  readonly onCorrupt: (reason: string) => Error;
  /** Told of bytes before they are read; throws when it is too much. */
  readonly onBytes: (count: number) => void;
}

/** The entries of an archive; what is only compressed is an archive of one entry without a name. */
export async function* readEntries(
  path: string,
  format: ArchiveFormat,
  options: ReadEntriesOptions,
): AsyncGenerator<ArchiveEntry, void> {
  const { signal, onCorrupt, onBytes } = options;
  // of a zip only what is looked at is unpacked
  if (format === 'zip') return yield* readZip(path, { signal, onCorrupt, onSize: () => {} });
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  const source = counted(format === 'gzip' ? gunzipStrictly(file, { signal, onCorrupt }) : file, onBytes);
  try {
    const { start, stream } = await startOf(source);
    if (archiveFormat(start) !== 'tar') return yield single(stream);
    const nothing = () => {};
    yield* readTar(stream, { onCorrupt, onSize: nothing, onHole: onBytes, onExtendedHeader: nothing });
  } finally {
    await source.return();
    file.destroy();
  }
}

const single = (stream: AsyncGenerator<Buffer, void>): ArchiveEntry => ({
  name: '',
  kind: 'file',
  executable: false,
  sizeBytes: Number.MAX_SAFE_INTEGER,
  content: () => stream,
});

async function* counted(
  source: AsyncIterable<Buffer>,
  onBytes: (count: number) => void,
): AsyncGenerator<Buffer, void> {
  for await (const chunk of source) {
    onBytes(chunk.length);
    yield chunk;
  }
}

/** The first bytes of a source, and the whole of it again. */
export async function startOf(
  source: AsyncGenerator<Buffer, void>,
): Promise<{ readonly start: Buffer; readonly stream: AsyncGenerator<Buffer, void> }> {
  let start: Buffer = Buffer.alloc(0);
  while (start.length < START_BYTES) {
    const step = await source.next();
    if (step.done) break;
    start = start.length === 0 ? step.value : Buffer.concat([start, step.value]);
  }
  return { start, stream: again(start, source) };
}

async function* again(start: Buffer, rest: AsyncGenerator<Buffer, void>): AsyncGenerator<Buffer, void> {
  try {
    if (start.length > 0) yield start;
    yield* rest;
  } finally {
    await rest.return();
  }
}

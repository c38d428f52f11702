import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Header, Pax } from 'tar';
import { ShipError } from '../../errors.ts';
import { nextInTurn, readSmallFile } from '../../files/disk/small-file.ts';
import { listTree, type TreeEntry } from '../../files/disk/tree.ts';

const BLOCK_BYTES = 512;
/** Small pieces are gathered to this size, large files are read in pieces of it. */
const PAGE_BYTES = 256 * 1024;
const LARGE_PIECE_BYTES = 64 * 1024;

const tarType = { file: 'File', directory: 'Directory', symlink: 'SymbolicLink' } as const;

/**
 * A folder as a tar stream (ustar, pax records where a name needs them): modes, times and links as they are, no
 * owners. Closes what it opened, however it ends.
 *
 * @param entries - those of its items that are wanted, folders first; all by default
 */
export async function* tarOf(
  sourceDir: string,
  entries?: readonly TreeEntry[],
): AsyncGenerator<Buffer, void, void> {
  yield* gathered(piecesOf(sourceDir, entries ?? (await listTree(sourceDir))));
}

async function* piecesOf(root: string, entries: readonly TreeEntry[]): AsyncGenerator<Buffer, void, void> {
  for (const entry of entries) {
    if (entry.type === 'file') yield* filePieces(join(root, entry.path), entry);
    else yield* headerOf(entry, 0, (await lstat(join(root, entry.path))).mtime);
  }
  yield* tarEnd();
}

/** What a tar stream ends with. */
export const tarEnd = (): Buffer[] => [Buffer.alloc(2 * BLOCK_BYTES)];

async function* filePieces(file: string, entry: TreeEntry): AsyncGenerator<Buffer, void, void> {
  const small = readSmallFile(file);
  await nextInTurn();
  if (small)
    yield* [
      ...headerOf(entry, small.bytes.length, small.stats.mtime),
      small.bytes,
      ...paddingOf(small.bytes.length),
    ];
  else yield* largeFilePieces(file, entry);
}

async function* largeFilePieces(file: string, entry: TreeEntry): AsyncGenerator<Buffer, void, void> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size, mtime } = await handle.stat();
    yield* headerOf(entry, size, mtime);
    yield* contentOf(handle, size, entry);
  } finally {
    await handle.close();
  }
}

async function* contentOf(
  handle: FileHandle,
  size: number,
  entry: TreeEntry,
): AsyncGenerator<Buffer, void, void> {
  for (let leftBytes = size; leftBytes > 0; ) {
    const page = Buffer.allocUnsafe(Math.min(leftBytes, PAGE_BYTES));
    const { bytesRead } = await handle.read(page, 0, page.length);
    if (bytesRead === 0) throw shrunk(entry);
    leftBytes -= bytesRead;
    yield page.subarray(0, bytesRead);
  }
  yield* paddingOf(size);
}

/** What follows the content of a file. */
export function paddingOf(size: number): Buffer[] {
  const overhangBytes = size % BLOCK_BYTES;
  return overhangBytes > 0 ? [Buffer.alloc(BLOCK_BYTES - overhangBytes)] : [];
}

type Named = Pick<TreeEntry, 'path' | 'type' | 'mode' | 'linkTarget'>;

/** What goes before the content of an item. */
export function headerOf({ path, type, mode, linkTarget }: Named, size: number, mtime: Date): Buffer[] {
  const fields = {
    path: type === 'directory' ? `${path}/` : path,
    mode,
    size,
    mtime,
    type: tarType[type],
    ...(linkTarget !== undefined && { linkpath: linkTarget }),
  };
  const header = new Header(fields);
  header.encode();
  const block = header.block ?? Buffer.alloc(BLOCK_BYTES);
  // Only what did not fit: a time in a pax record would make one for every file.
  const { mtime: _, ...paxFields } = fields;
  return header.needPax ? [new Pax(paxFields).encode(), block] : [block];
}

/** Many small pieces cost a packet each and are put together; large ones are not worth a copy. */
export async function* gathered(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  for await (const piece of pieces) {
    const isLarge = piece.length >= LARGE_PIECE_BYTES;
    if (!isLarge) {
      waiting.push(piece);
      waitingBytes += piece.length;
      if (waitingBytes < PAGE_BYTES) continue;
    }
    if (waitingBytes > 0) yield Buffer.concat(waiting);
    if (isLarge) yield piece;
    waiting = [];
    waitingBytes = 0;
  }
  if (waitingBytes > 0) yield Buffer.concat(waiting);
}

const shrunk = ({ path }: TreeEntry): ShipError =>
  new ShipError('GUEST_TRANSFER_FAILED', {
    summary: `The file "${path}" could not be copied into the machine.`,
    reason: 'It became shorter while it was read.',
    nextStep: 'Try again, and check that nothing else writes into the state directory.',
  });

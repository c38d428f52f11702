import { changed, openListedFile } from '../archive/pack-file.ts';
import { passingPieces } from '../disk/read-range.ts';
import { readStart, SMALL_FILE_BYTES } from '../disk/small-file.ts';

const PIECE_BYTES = 1024 * 1024;

/**
 * What is in a file that must still be as the listing of its folder said: no link, and of that size. Each piece is only
 * good until the next one.
 *
 * @throws ShipError BUNDLE_CHANGED
 */
export async function* listedContent(path: string, name: string, sizeBytes: number): AsyncGenerator<Buffer> {
  if (sizeBytes <= SMALL_FILE_BYTES) {
    const { stats, bytes } = readStart(path, SMALL_FILE_BYTES);
    if (!stats.isFile() || stats.size !== sizeBytes || bytes.length !== sizeBytes) throw changed(name);
    if (bytes.length > 0) yield bytes;
    return;
  }
  const file = await openListedFile(path, name, sizeBytes);
  try {
    let doneBytes = 0;
    for await (const piece of passingPieces(file, PIECE_BYTES)) {
      doneBytes += piece.length;
      if (doneBytes > sizeBytes) break;
      yield piece;
    }
    if (doneBytes !== sizeBytes) throw changed(name);
  } finally {
    await file.close();
  }
}

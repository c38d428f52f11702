import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { passingPieces } from '../../src/files/disk/read-range.ts';

const PIECE_BYTES = 1_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-read-range-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(bytes: Buffer) {
  const path = join(folder, String(bytes.length));
  await writeFile(path, bytes);
  return open(path, 'r');
}

test.each([0, 1, 999, 1_000, 1_001, 2_000, 12_345])(
  'a file of %i bytes passes whole and in order',
  async (size) => {
    const bytes = randomBytes(size);
    const file = await fileOf(bytes);
    const seen: Buffer[] = [];
    for await (const piece of passingPieces(file, PIECE_BYTES)) seen.push(Buffer.from(piece));
    await file.close();
    expect(Buffer.concat(seen).equals(bytes)).toBe(true);
    expect(seen.slice(0, -1).every(({ length }) => length === PIECE_BYTES)).toBe(true);
  },
);

test('however many pieces pass, they lie in the same memory', async () => {
  const file = await fileOf(randomBytes(50 * PIECE_BYTES));
  const memory = new Set<ArrayBufferLike>();
  for await (const piece of passingPieces(file, PIECE_BYTES)) memory.add(piece.buffer);
  await file.close();
  expect(memory.size).toBe(2);
});

test('whoever leaves early may close the file at once', async () => {
  const file = await fileOf(randomBytes(3 * PIECE_BYTES));
  for await (const _ of passingPieces(file, PIECE_BYTES)) break;
  await file.close();
});

test('an error of the file is told when its piece has its turn', async () => {
  const folderFile = await open(folder, 'r');
  const read = async () => {
    for await (const _ of passingPieces(folderFile, PIECE_BYTES));
  };
  await expect(read()).rejects.toMatchObject({ code: 'EISDIR' });
  await folderFile.close();
});

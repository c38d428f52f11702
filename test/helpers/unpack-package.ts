import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { throughZlib } from '../../src/files/archive/through-zlib.ts';
import { withSignedFile } from '../../src/files/code-signature/signed-file.ts';
import { readXar, storedPieces } from '../../src/files/xar/archive.ts';
import { readCpio } from '../../src/files/xar/cpio.ts';

const { signal } = new AbortController();
const TYPE_BITS = 0o170000;
const TYPES = new Map([
  [0o40000, 'directory'],
  [0o120000, 'symlink'],
]);

export interface UnpackedItem {
  readonly path: string;
  readonly type: string;
}

/** What a package of a single component installs, in a folder; modes as they are in it. */
export const unpackPackage = (path: string, folder: string): Promise<UnpackedItem[]> =>
  withSignedFile(path, async (file) => {
    const archive = await readXar(file);
    const payload = archive.table.files.find((entry) => entry.path.endsWith('/Payload'));
    if (!payload) return [];
    const items: UnpackedItem[] = [];
    for await (const item of readCpio(
      throughZlib(storedPieces(archive, payload, signal), createGunzip(), { signal }),
    )) {
      if (item.path === '') continue;
      const type = TYPES.get(item.mode & TYPE_BITS) ?? 'file';
      const pieces: Buffer[] = [];
      for await (const piece of item.content()) pieces.push(Buffer.from(piece));
      await put(join(folder, item.path), type, Buffer.concat(pieces), item.mode & 0o777);
      items.push({ path: item.path, type });
    }
    return items;
  });

async function put(path: string, type: string, content: Buffer, mode: number): Promise<void> {
  if (type === 'directory') await mkdir(path, { mode });
  else if (type === 'symlink') await symlink(content.toString(), path);
  else {
    await writeFile(path, content);
    await chmod(path, mode);
  }
}

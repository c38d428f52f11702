import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { GuestSession } from '../../src/adapters/guest/guest.ts';
import { syncTree } from '../../src/adapters/guest/sync-tree.ts';
import { unpackBundle } from '../../src/files/archive/unpack-bundle.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { EarlyTransfer } from '../../src/run/early-transfer.ts';
import { tarGz, zip } from '../helpers/archives.ts';
import { type LocalVm, never } from '../helpers/local-vm.ts';
import { transferRoom } from '../helpers/transfer-room.ts';

let vm: LocalVm;
let near: string;
let guestHome: string;
transferRoom((room) => {
  ({ vm, near, guestHome } = room);
});

const large = Buffer.alloc(3_000_000, 'a large file ');
const entries = [
  { name: 'X.app/Contents/', type: '5' },
  { name: 'X.app/Contents/Info.plist', body: 'info' },
  { name: 'X.app/Contents/MacOS/X', body: 'program', mode: 0o755 },
  { name: 'X.app/Contents/Resources/large', body: large },
  { name: 'X.app/Contents/Resources/empty', body: '' },
  { name: 'X.app/Contents/Resources/größe.txt', body: 'text' },
  { name: `X.app/Contents/Resources/${'long'.repeat(40)}/${'name'.repeat(40)}`, body: 'long' },
  { name: 'X.app/Contents/link', type: '2', linkName: 'Info.plist' },
  { name: 'Symbols/beside', body: 'not for the guest' },
];

const begin = (guest: () => GuestSession | undefined): EarlyTransfer =>
  new EarlyTransfer({ sourceDir: join(near, 'bundle'), guest, folder: async () => 'early' });

async function* inPieces(bytes: Buffer, pieceBytes = 100_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

async function unpack(early: EarlyTransfer, archive: AsyncIterable<Buffer>): Promise<void> {
  await unpackBundle(archive, join(near, 'bundle'), { spoolDir: near, signal: never, watch: early });
  early.end();
}

const copyOf = async (early: EarlyTransfer) => {
  const copy = await early.copy(never);
  if (!copy) throw new Error('nothing has come');
  return copy;
};

async function expectSameTree(here: string, there: string): Promise<void> {
  expect(await listTree(there)).toEqual(await listTree(here));
  for (const { path, type } of await listTree(here)) {
    if (type !== 'file') continue;
    expect((await readFile(join(there, path))).equals(await readFile(join(here, path))), path).toBe(true);
  }
}

describe('a bundle goes into the machine while it is unpacked', () => {
  test.each([
    ['a tar', () => tarGz(...entries), 'X.app'],
    [
      'a zip',
      () =>
        zip([
          { name: 'Payload/X.app/X', body: 'program', mode: 0o100755 },
          { name: 'Payload/X.app/large', body: large },
          { name: 'Symbols/beside', body: 'not for the guest' },
        ]),
      'Payload/X.app',
    ],
  ])('%s: all but its links; they follow, with what has changed since', async (_, archive, app) => {
    const early = begin(() => vm.session);
    await unpack(early, inPieces(archive()));
    expect(early.app).toBe(app);
    const { remoteDir, sent } = await copyOf(early);
    expect(remoteDir).toBe('early/app');
    expect(await readdir(join(guestHome, 'early'))).toEqual(['app']);
    const sourceDir = join(near, 'bundle', app);
    expect([...sent.keys()].sort()).toEqual(
      (await listTree(sourceDir)).flatMap(({ path, type }) => (type === 'symlink' ? [] : path)).sort(),
    );
    await syncTree(vm.session, { sourceDir, remoteDir, sent, signal: never });
    await expectSameTree(sourceDir, join(guestHome, remoteDir));
  });

  test('from the moment when the machine is there, also when that is late', async () => {
    let session: GuestSession | undefined;
    const early = begin(() => session);
    async function* slowly(): AsyncGenerator<Buffer> {
      const archive = tarGz(...entries);
      yield archive.subarray(0, -20);
      session = vm.session;
      yield archive.subarray(-20);
    }
    await unpack(early, slowly());
    const { sent, remoteDir } = await copyOf(early);
    const sourceDir = join(near, 'bundle/X.app');
    await syncTree(vm.session, { sourceDir, remoteDir, sent, signal: never });
    await expectSameTree(sourceDir, join(guestHome, remoteDir));
  });

  test('a file is on its way before all of it is there', async () => {
    const early = begin(() => vm.session);
    const archive = tarGz(
      { name: 'X.app/a', body: 'a' },
      { name: 'X.app/large', body: randomBytes(3_000_000) },
    );
    const arrived = join(guestHome, 'early/app/large');
    async function* stopping(): AsyncGenerator<Buffer> {
      yield archive.subarray(0, 2_000_000);
      await expect
        .poll(() =>
          readFile(arrived).then(
            ({ length }) => length > 0,
            () => false,
          ),
        )
        .toBe(true);
      yield archive.subarray(2_000_000);
    }
    await unpack(early, stopping());
    await copyOf(early);
    await expectSameTree(join(near, 'bundle/X.app'), join(guestHome, 'early/app'));
  });

  test('of several apps only one', async () => {
    const early = begin(() => vm.session);
    await unpack(early, inPieces(tarGz({ name: 'A.app/a', body: '' }, { name: 'B.app/b', body: '' })));
    expect([...(await copyOf(early)).sent.keys()]).toEqual(['a']);
  });
});

describe('nothing is said of a copy', () => {
  test('without a machine', async () => {
    const early = begin(() => undefined);
    await unpack(early, inPieces(tarGz(...entries)));
    expect(await early.copy(never)).toBeUndefined();
  });

  test('that the machine did not take', async () => {
    await writeFile(join(guestHome, 'early'), 'in the way');
    const early = begin(() => vm.session);
    await unpack(early, inPieces(tarGz(...entries)));
    expect(await early.copy(never)).toBeUndefined();
  });

  test('that was given up, or is of a bundle that was refused', async () => {
    const early = begin(() => vm.session);
    const refused = unpack(early, inPieces(tarGz(...entries, { name: '../out', body: '' })));
    await expect(refused).rejects.toMatchObject({ code: 'BUNDLE_PATH_UNSAFE' });
    early.stop();
    expect(await early.copy(never)).toBeUndefined();
  });

  test('when nobody waits for it any more', async () => {
    const early = begin(() => vm.session);
    early.onItem({ path: 'X.app/never', type: 'file', mode: 0o644, sizeBytes: 9, writtenBytes: 0 });
    const abort = new AbortController();
    const copy = early.copy(abort.signal);
    abort.abort(new Error('cancelled'));
    await expect(copy).rejects.toThrow('cancelled');
  });
});

test('what was changed, added, renamed, replaced and removed follows, and nothing else', async () => {
  const early = begin(() => vm.session);
  await unpack(early, inPieces(tarGz(...entries, { name: 'X.app/folder/inside', body: '1' })));
  const { sent, remoteDir } = await copyOf(early);
  const sourceDir = join(near, 'bundle/X.app');
  const here = (path: string) => join(sourceDir, path);
  await writeFile(here('Contents/Info.plist'), 'INFO');
  await chmod(here('Contents/Resources/empty'), 0o755);
  await rm(here('Contents/MacOS'), { recursive: true });
  await mkdir(here('Contents/MacOS'), { mode: 0o700 });
  await writeFile(here('Contents/MacOS/-rf'), 'new');
  await rename(
    here('Contents/Resources/größe.txt'),
    here(`Contents/Resources/${'größe.txt'.normalize('NFD')}`),
  );
  await rm(here('folder'), { recursive: true });
  await symlink('Contents', here('folder'));
  const untouched = join(guestHome, remoteDir, 'Contents/Resources/large');
  await writeFile(untouched, 'only a mark: it is not sent again');
  await syncTree(vm.session, { sourceDir, remoteDir, sent, signal: never });
  expect(await readFile(untouched, 'utf8')).toContain('only a mark');
  await writeFile(untouched, large);
  await expectSameTree(sourceDir, join(guestHome, remoteDir));
});

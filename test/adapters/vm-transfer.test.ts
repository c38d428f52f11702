import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { afterEach, describe, expect, test } from 'vitest';
import { findFiles } from '../../src/adapters/guest/find-files.ts';
import type { GuestSession } from '../../src/adapters/guest/guest.ts';
import { shellCommand } from '../../src/adapters/guest/ssh/quote.ts';
import { getFile, getFiles, getTail, putFile, putTree } from '../../src/adapters/guest/transfer.ts';
import { listTree } from '../../src/files/disk/tree.ts';
import { collectGarbage } from '../helpers/collect-garbage.ts';
import { bootVm, type LocalHost, type LocalVm, never } from '../helpers/local-vm.ts';
import { transferRoom } from '../helpers/transfer-room.ts';

let host: LocalHost;
let vm: LocalVm;
let near: string;
let guestHome: string;
transferRoom((room) => {
  ({ host, vm, near, guestHome } = room);
});
afterEach(() => rm(join(vm.cloneDir, 'bin', 'tar'), { force: true }));

const isOnPath = (program: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, program))
    .find(existsSync);

const limits = { maxFileBytes: 1 << 20, maxTotalBytes: 4 << 20 };

describe('into the guest', () => {
  test.for(['tar', 'bsdtar', 'busybox'])(
    'by %s, a tree arrives with its names, modes, times and links, and comes back',
    async (tar, { skip }) => {
      const program = isOnPath(tar);
      // macOS has bsdtar under the name of tar; elsewhere it is libarchive's own package.
      if (!program) return skip(`${tar} is not installed`);
      await symlink(program, join(vm.cloneDir, 'bin/tar'));
      const source = join(near, 'App.app');
      const files = [
        'Contents/Info.plist',
        'Contents/Ünï cödé/файл 日本.txt',
        '-rf',
        "it's",
        'line\nbreak',
        '._resource',
        `${'x'.repeat(180)}/${'y'.repeat(200)}`,
        'empty',
      ];
      for (const file of files) {
        await mkdir(dirname(join(source, file)), { recursive: true });
        await writeFile(join(source, file), file === 'empty' ? '' : randomBytes(1500));
        await utimes(join(source, file), 1_600_000_000, 1_600_000_000);
      }
      await chmod(join(source, '-rf'), 0o755);
      await chmod(join(source, 'empty'), 0o444);
      await symlink('Contents/Info.plist', join(source, 'link'));
      await symlink('z'.repeat(150), join(source, 'dangling'));
      await putTree(vm.session, { sourceDir: source, remoteDir: 'work/App.app', signal: never });
      const arrived = join(guestHome, 'work/App.app');
      expect(await listTree(arrived)).toEqual(await listTree(source));
      for (const file of files) {
        expect(await readFile(join(arrived, file))).toEqual(await readFile(join(source, file)));
        expect((await lstat(join(arrived, file))).mtimeMs).toBe(1_600_000_000_000);
      }
      const back = join(near, 'back');
      await mkdir(back);
      await getFiles(vm.session, {
        remoteDir: 'work/App.app',
        paths: files,
        destDir: back,
        limits,
        signal: never,
      });
      for (const file of files) await expectSame(join(back, file), await readFile(join(source, file)));
    },
  );

  test('nothing depends on the login shell, which is zsh on macOS', async ({ skip }) => {
    if (!isOnPath('zsh')) return skip('zsh is not installed');
    const { session } = vm;
    const inZsh: GuestSession = {
      ...session,
      exec: (line, options) => session.exec(shellCommand(['zsh', '-c', line]), options),
    };
    await mkdir(join(near, 'App.app'));
    await writeFile(join(near, 'App.app/a b'), '1');
    await putTree(inZsh, { sourceDir: join(near, 'App.app'), remoteDir: 'work', signal: never });
    await putFile(inZsh, { source: Buffer.from('2'), remotePath: 'work/c', mode: 0o600, signal: never });
    const paths = ['a b', 'c'];
    expect(await findFiles(inZsh, { remoteDir: 'work', among: [...paths, 'd'], signal: never })).toEqual(
      paths,
    );
    const back = join(near, 'back');
    await mkdir(back);
    await getFiles(inZsh, { remoteDir: 'work', paths, destDir: back, limits, signal: never });
    expect((await readdir(back)).sort()).toEqual(['a b', 'c']);
    const tail = await getTail(inZsh, { remotePath: 'work/c', fromByte: 0, maxBytes: 9, signal: never });
    expect(tail.toString()).toBe('2');
  });

  test('large files arrive whole, and progress counts them', async () => {
    const content = randomBytes((5 << 20) + 77);
    await writeFile(join(near, 'big'), content);
    const progress: number[] = [];
    const onProgress = (bytes: number) => progress.push(bytes);
    await putTree(vm.session, { sourceDir: near, remoteDir: 'big', signal: never, onProgress });
    await expectSame(join(guestHome, 'big/big'), content);
    expect(progress.at(-1)).toBe(512 + (5 << 20) + 512 + 1024);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  test('what the guest’s tar says goes to the log, not into the sentences', async () => {
    await writeFile(join(near, 'x'), 'x');
    await writeFile(join(guestHome, 'occupied'), '');
    const put = putTree(vm.session, { sourceDir: near, remoteDir: 'occupied', signal: never });
    const error = await put.catch((thrown) => thrown);
    expect(error).toMatchObject({
      code: 'GUEST_TRANSFER_FAILED',
      detail: { stderr: expect.stringContaining('occupied') },
    });
    expect(error.message).not.toContain('occupied');
  });

  test('aborting half-way closes what was open', async () => {
    await writeFile(join(near, 'big'), Buffer.alloc(20 << 20));
    const before = await openFiles();
    const abort = new AbortController();
    const onProgress = () => abort.abort(new Error('cancelled'));
    const put = putTree(vm.session, { sourceDir: near, remoteDir: 'big', signal: abort.signal, onProgress });
    await expect(put).rejects.toThrow('cancelled');
    await expect.poll(openFiles).toBe(before);
  });

  test('one file, with its mode and whatever its name', async () => {
    const put = (remotePath: string, source: Readable | Uint8Array, mode: number) =>
      putFile(vm.session, { remotePath, source, mode, signal: never });
    await put('-key', Buffer.from('first'), 0o644);
    await put('-key', Readable.from([Buffer.from('sec'), Buffer.from('ond')]), 0o600);
    expect(await readFile(join(guestHome, '-key'), 'utf8')).toBe('second');
    expect((await lstat(join(guestHome, '-key'))).mode & 0o777).toBe(0o600);
    await expect(put('missing/file', Buffer.from('x'), 0o600)).rejects.toMatchObject({
      code: 'GUEST_TRANSFER_FAILED',
    });
  });
});

describe('out of the guest', () => {
  const fetchFiles = (paths: string[], overrides: Partial<typeof limits> = {}) =>
    getFiles(vm.session, {
      remoteDir: '.',
      paths,
      destDir: near,
      limits: { ...limits, ...overrides },
      signal: never,
    });

  test('files come back over those that lie there, links in their place are not followed', async () => {
    const outside = join(near, '..', `outside-${process.pid}`);
    await mkdir(join(guestHome, 'a/b'), { recursive: true });
    const content = randomBytes(300_000);
    for (const name of ['a/b/файл', '-C', 'line\nbreak', 'run'])
      await writeFile(join(guestHome, name), content);
    await chmod(join(guestHome, 'run'), 0o4777);
    await writeFile(join(near, 'run'), 'old');
    await symlink(outside, join(near, '-C'));
    await fetchFiles(['a/b/файл', '-C', 'line\nbreak', 'run']);
    for (const name of ['a/b/файл', '-C', 'line\nbreak', 'run']) {
      await expectSame(join(near, name), content);
    }
    expect((await lstat(join(near, '-C'))).isFile()).toBe(true);
    expect((await lstat(join(near, 'run'))).mode & 0o7777).toBe(0o755);
    expect(existsSync(outside)).toBe(false);
  });

  test('a folder of the way that is a link on the host is refused', async () => {
    await mkdir(join(guestHome, 'dir'));
    await writeFile(join(guestHome, 'dir/file'), 'x');
    await mkdir(join(near, 'elsewhere'));
    await symlink('elsewhere', join(near, 'dir'));
    await expect(fetchFiles(['dir/file'])).rejects.toMatchObject({ code: 'GUEST_OUTPUT_REFUSED' });
    expect(await readdir(join(near, 'elsewhere'))).toEqual([]);
  });

  test.each(['../x', '/etc/passwd', 'a/../../x', 'a//b', './x', '', 'a\0b', 'a/'])(
    'the path %j is not even asked for',
    async (path) => {
      await expect(fetchFiles([path])).rejects.toMatchObject({ code: 'GUEST_OUTPUT_REFUSED' });
    },
  );

  test('links, missing files and files beyond the limits are refused', async () => {
    await symlink('/etc/passwd', join(guestHome, 'link'));
    await writeFile(join(guestHome, 'file'), Buffer.alloc(5000));
    await writeFile(join(guestHome, 'two'), Buffer.alloc(5000));
    execFileSync('ln', [join(guestHome, 'file'), join(guestHome, 'hard')]);
    await expect(fetchFiles(['link'])).rejects.toMatchObject({ code: 'GUEST_OUTPUT_REFUSED' });
    await expect(fetchFiles(['file', 'hard'])).rejects.toMatchObject({ code: 'GUEST_OUTPUT_REFUSED' });
    await expect(fetchFiles(['none'])).rejects.toMatchObject({ code: 'GUEST_TRANSFER_FAILED' });
    await expect(fetchFiles(['two'], { maxFileBytes: 4999 })).rejects.toMatchObject({
      code: 'GUEST_OUTPUT_TOO_LARGE',
    });
    await expect(fetchFiles(['file', 'two'], { maxTotalBytes: 9999 })).rejects.toMatchObject({
      code: 'GUEST_OUTPUT_TOO_LARGE',
    });
  });

  describe('from a tar that lies', () => {
    const file = (path: string, body = 'evil', more = {}) =>
      entry({ path, size: body.length, type: 'File', ...more }, body);
    const end = Buffer.alloc(1024);
    const good = file('./good', 'good');
    const cases: [string, Buffer[]][] = [
      ['a file that was not asked for', [good, file('./extra'), end]],
      ['a way out', [file('../escaped'), good, end]],
      ['a way out behind the asked name', [file('./good/../../escaped'), end]],
      ['an absolute path', [file('/tmp/perry-escaped'), end]],
      ['the same file twice', [good, file('./good'), end]],
      [
        'a symbolic link',
        [entry({ path: './good', type: 'SymbolicLink', linkpath: '/etc/passwd', size: 0 }), end],
      ],
      [
        'a link, then a file through it',
        [entry({ path: './good', type: 'SymbolicLink', linkpath: '../escaped', size: 0 }), good, end],
      ],
      ['a hard link', [entry({ path: './good', type: 'Link', linkpath: '/etc/passwd', size: 0 }), end]],
      ['a pipe', [entry({ path: './good', type: 'FIFO', size: 0 }), end]],
      ['a sparse file of GNU tar', [withType('S'), end]],
      ['an entry of an unknown type', [withType('Z'), end]],
      ['a size below zero', [withSizeField('ffffffffffffffffffffffff'), end]],
      ['a size of many digits', [withSizeField('80ffffffffffffffffffffff'), end]],
      ['a pax header with another name', [pax('path', '../escaped'), file('./good'), end]],
      [
        'a pax header that makes it a link',
        [pax('linkpath', '/etc/passwd'), entry({ path: './good', type: 'SymbolicLink', size: 0 }), end],
      ],
      [
        'thousands of folders and nothing else',
        [
          ...Array.from({ length: 2_000 }, (_, i) => entry({ path: `./d${i}/`, type: 'Directory', size: 0 })),
          end,
        ],
      ],
      [
        'thousands of pax headers and nothing else',
        [...Array.from({ length: 2_000 }, () => pax('comment', 'x')), end],
      ],
      ['the asked file twice', [good, good, end]],
      ['nothing', [end]],
      ['not a tar', [Buffer.from('.'.repeat(4096))]],
      ['a compressed tar', [gzipSync(Buffer.concat([good, end]))]],
      ['a broken header', [good, Buffer.alloc(512, 'x'), end]],
      ['an end in the middle of a file', [file('./good', 'x'.repeat(4000)).subarray(0, 1500)]],
    ];
    test.each(cases)('%s', async (_, blocks) => {
      await lie(blocks);
      await expect(fetchFiles(['good'])).rejects.toMatchObject({ code: 'GUEST_OUTPUT_REFUSED' });
      expect(await readdir(near)).toSatisfy((names: string[]) => names.every((name) => name === 'good'));
      expect(existsSync(join(near, '../escaped'))).toBe(false);
      expect(existsSync('/tmp/perry-escaped')).toBe(false);
    });

    test.each<[string, Buffer]>([
      ['a pax header of a size below zero', pax('size', '-1')],
      ['a pax header of megabytes', pax('comment', 'x'.repeat(3 << 20))],
      [
        'a GNU name of megabytes',
        entry({ path: './', type: 'NextFileHasLongPath', size: 3 << 20 }, 'x'.repeat(3 << 20)),
      ],
    ])('%s is passed over', async (_, header) => {
      await lie([header, good, end]);
      await fetchFiles(['good']);
      expect(await readdir(near)).toEqual(['good']);
      expect(await readFile(join(near, 'good'), 'utf8')).toBe('good');
    });

    test('a size that is a lie, and a stream without end', async () => {
      await lie([entry({ path: './good', size: 8 ** 11 - 1, type: 'File' }), end]);
      await expect(fetchFiles(['good'])).rejects.toMatchObject({ code: 'GUEST_OUTPUT_TOO_LARGE' });
      await lie([good], 'exec cat "$HOME/lie" /dev/zero');
      await expect(fetchFiles(['good'])).rejects.toMatchObject({ code: 'GUEST_OUTPUT_TOO_LARGE' });
    });

    test('what follows a refusal leaves nothing open', async () => {
      const before = await openFiles();
      await lie([file('./good', 'x'.repeat(900_000)), file('./extra')]);
      await expect(fetchFiles(['good'])).rejects.toMatchObject({ code: 'GUEST_OUTPUT_REFUSED' });
      const abort = new AbortController();
      await lie(
        [file('./good', 'x'.repeat(900_000)).subarray(0, 100_000)],
        'cat "$HOME/lie"; exec sleep 1000',
      );
      const fetched = getFiles(vm.session, {
        remoteDir: '.',
        paths: ['good'],
        destDir: near,
        limits,
        signal: abort.signal,
      });
      const aborted = expect(fetched).rejects.toThrow('cancelled');
      await expect
        .poll(async () => (await lstat(join(near, 'good')).catch(() => undefined))?.size ?? 0)
        .toBeGreaterThan(0);
      abort.abort(new Error('cancelled'));
      await aborted;
      await expect.poll(openFiles).toBe(before);
    });

    test('the asked file by its other spelling is taken', async () => {
      await lie([file(`./${'é'.normalize('NFD')}`, 'fine'), end]);
      await fetchFiles(['é']);
      expect(await readFile(join(near, 'é'), 'utf8')).toBe('fine');
    });

    /** Puts a program named tar before the real one, as a hostile guest could. */
    async function lie(blocks: Buffer[], program = 'exec cat "$HOME/lie"'): Promise<void> {
      await writeFile(join(guestHome, 'lie'), Buffer.concat(blocks));
      await writeFile(join(vm.cloneDir, 'bin/tar'), `#!/bin/sh\n[ "$1" = --version ] && exit\n${program}\n`, {
        mode: 0o755,
      });
    }
  });

  test('a flood on both streams is bounded in memory, and the exit code counts', async () => {
    const flood = (bytes: number) => `yes "a line of text that is long enough" | head -c ${bytes}`;
    const lines = { count: 0 };
    await collectGarbage();
    const before = process.memoryUsage();
    const { exitCode, stdout, stderr } = await vm.session.exec(
      `${flood(16_000_000)}; ${flood(64_000_000)} >&2; exit 3`,
      {
        signal: never,
        onStderrLine: () => {
          lines.count += 1;
        },
      },
    );
    await collectGarbage();
    const after = process.memoryUsage();
    expect([exitCode, stdout.length, stderr.length]).toEqual([3, 1024 * 1024, 64 * 1024]);
    expect(lines.count).toBeGreaterThan(1_700_000);
    const grownBytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    expect(grownBytes).toBeLessThan(40 << 20);
  });

  test('one file, with its size and digest', async () => {
    const content = randomBytes(3_000_001);
    await writeFile(join(guestHome, 'artifact.dmg'), content);
    const destPath = join(near, 'artifact.dmg');
    const options = { remotePath: 'artifact.dmg', destPath, maxBytes: content.length, signal: never };
    expect(await getFile(vm.session, options)).toEqual({
      sizeBytes: content.length,
      sha256Hex: createHash('sha256').update(content).digest('hex'),
    });
    await expectSame(destPath, content);
    await expect(getFile(vm.session, options)).rejects.toMatchObject({ code: 'EEXIST' });
    const fresh = { ...options, destPath: join(near, 'other') };
    await expect(getFile(vm.session, { ...fresh, maxBytes: 3_000_000 })).rejects.toMatchObject({
      code: 'GUEST_OUTPUT_TOO_LARGE',
    });
    await symlink('artifact.dmg', join(guestHome, 'link'));
    for (const remotePath of ['link', 'missing', '/dev/zero']) {
      const refused = getFile(vm.session, {
        ...fresh,
        remotePath,
        destPath: join(near, 'never'),
      });
      await expect(refused).rejects.toMatchObject({ code: 'GUEST_TRANSFER_FAILED' });
    }
    expect(await readdir(near)).toEqual(['artifact.dmg']);
  });

  test('the end of a growing file', async () => {
    const log = join(guestHome, 'log');
    const tail = async (fromByte: number, maxBytes = 100) =>
      String(await getTail(vm.session, { remotePath: 'log', fromByte, maxBytes, signal: never }));
    await writeFile(log, 'one two');
    expect(await tail(0)).toBe('one two');
    expect(await tail(4)).toBe('two');
    expect(await tail(7)).toBe('');
    expect(await tail(99)).toBe('');
    expect(await tail(0, 3)).toBe('one');
    await rm(log);
    await expect(tail(0)).rejects.toMatchObject({ code: 'GUEST_TRANSFER_FAILED' });
  });

  test('a guest that dies in the middle of a transfer is lost', async () => {
    const other = await bootVm(host);
    await writeFile(join(near, 'big'), Buffer.alloc(64 << 20));
    const kill = () => process.kill(other.pid, 'SIGKILL');
    const onProgress = once(kill);
    const put = putTree(other.session, { sourceDir: near, remoteDir: 'x', signal: never, onProgress });
    await expect(put).rejects.toMatchObject({ code: 'GUEST_LOST', failure: { retryable: true } });
    await other.life;
    await expect(
      getTail(other.session, { remotePath: 'x', fromByte: 0, maxBytes: 1, signal: never }),
    ).rejects.toMatchObject({ code: 'GUEST_LOST' });
    await other.delete();
  });
});

describe('which files are there', () => {
  const options = { remoteDir: 'tree', signal: never };

  test('plain files under any name are; folders, links and what is missing are not', async () => {
    const tree = join(guestHome, 'tree');
    await mkdir(join(tree, 'folder'), { recursive: true });
    const names = ['plain', 'line\nbreak', "q'uote", '-n', 'größe', 'folder/deep'];
    for (const name of names) await writeFile(join(tree, name), '');
    await symlink('plain', join(tree, 'link'));
    const among = [...names, 'folder', 'link', 'missing', 'folder/missing'];
    expect(await findFiles(vm.session, { ...options, among })).toEqual(names);
    expect(await findFiles(vm.session, { ...options, among: [] })).toEqual([]);
    const many = Array.from({ length: 250 }, (_, index) => (index % 2 ? 'plain' : 'missing'));
    expect(await findFiles(vm.session, { ...options, among: many })).toHaveLength(125);
  });

  test('a folder that is missing is an error', async () => {
    await expect(
      findFiles(vm.session, { ...options, remoteDir: 'none', among: ['a'] }),
    ).rejects.toMatchObject({ code: 'GUEST_TRANSFER_FAILED' });
  });
});

/** One tar header with its body and padding; anything goes. */
function entry(fields: ConstructorParameters<typeof Header>[0] & object, body = ''): Buffer {
  const header = new Header({ mode: 0o644, mtime: new Date(0), ...fields } as never);
  header.encode();
  const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
  return Buffer.concat([header.block as Buffer, Buffer.from(body), padding]);
}

/** A pax header with one record, for the entry that follows. */
function pax(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const length = [1, 2, 3, 4, 5, 6, 7, 8]
    .map((digits) => rest.length + digits)
    .find((all) => `${all}`.length + rest.length === all);
  const body = `${length}${rest}`;
  return entry({ path: './PaxHeader', type: 'ExtendedHeader', size: body.length }, body);
}

/** A header whose size is written in base 256, as GNU tar does for numbers that octal digits cannot hold. */
function withSizeField(hex: string): Buffer {
  const header = entry({ path: './good', type: 'File', size: 4 }, 'evil');
  header.set(Buffer.from(hex, 'hex'), 124);
  return withChecksum(header);
}

function withType(letter: string): Buffer {
  const header = entry({ path: './good', type: 'File', size: 4 }, 'evil');
  header.write(letter, 156);
  return withChecksum(header);
}

function withChecksum(header: Buffer): Buffer {
  header.fill(' ', 148, 156);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** vitest compares large buffers byte by byte in seconds. */
async function expectSame(file: string, content: Buffer): Promise<void> {
  expect((await readFile(file)).equals(content)).toBe(true);
}

/** How many regular files this process has open. */
async function openFiles(): Promise<number> {
  const fds = await readdir('/proc/self/fd').catch(() => []);
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.includes('perry-near-')).length;
}

function once(action: () => void): () => void {
  let left = [action];
  return () => {
    for (const act of left.splice(0)) act();
    left = [];
  };
}

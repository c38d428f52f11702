import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requireProcessors } from '../../src/adapters/vm/qemu/check-host.ts';
import { createQemuDriver } from '../../src/adapters/vm/qemu/driver.ts';
import { imageForbidden } from '../../src/adapters/vm/qemu/failures.ts';
import { createImageReader, hostArchitecture } from '../../src/adapters/vm/qemu/image.ts';
import { imagesUnreadable } from '../../src/adapters/vm/qemu/images-folder.ts';
import type { ShipError } from '../../src/errors.ts';
import { parseFacts } from '../../src/golden-image/qemu/store.ts';
import { INSTANCE, never } from '../helpers/local-vm.ts';

test('a machine may have as many processors as the host, and two on any', () => {
  for (const [cpus, available] of [
    [2, 1],
    [8, 8],
  ] as const)
    expect(requireProcessors(cpus, available)).toBeUndefined();
  expect(() => requireProcessors(64, 2)).toThrow(/PERRY_VM_CPUS asks for 64 .* this host has: 2\./);
});

test('the driver asks for its processors before it looks for QEMU or an image', async () => {
  const driver = createQemuDriver({
    ...{ stateDir: '/nowhere', imagesDir: '/nowhere', instance: INSTANCE, cpus: 100_000, memoryMb: 512 },
    ...{ minFreeDiskGb: 0, guestNetwork: 'none', note: () => undefined },
  });
  await expect(driver.checkHost?.('golden', { signal: never })).rejects.toMatchObject({
    code: 'VM_HOST_NOT_READY',
  });
});

describe('a golden image', () => {
  async function imageWith(changes: object = {}) {
    const imagesDir = await mkdtemp(join(tmpdir(), 'perry-images-'));
    onTestFinished(() => rm(imagesDir, { recursive: true, force: true }));
    const folder = join(imagesDir, 'golden');
    await mkdir(folder);
    const file = async (name: string) => {
      await writeFile(join(folder, name), name);
      return { name, sizeBytes: name.length, sha256Hex: createHash('sha256').update(name).digest('hex') };
    };
    const files = {
      disk: await file('disk.qcow2'),
      kernel: await file('vmlinuz'),
      initrd: await file('initrd.gz'),
    };
    const facts = {
      ...{ format: 1, driver: 'qemu', architecture: hostArchitecture(), builtAt: '2026-01-01T00:00:00Z' },
      ...{ builtBy: '1', recipeSha256Hex: '0'.repeat(64), suite: 'bookworm', kernelRelease: '6.1' },
      ...{ rcodesign: { version: '0.29.0', sha256Hex: '0'.repeat(64) }, packages: {}, files },
      ...changes,
    };
    await writeFile(join(folder, 'image.json'), JSON.stringify(facts));
    return { imagesDir, folder, reader: createImageReader(imagesDir) };
  }
  const refused = (code: string, reason: RegExp) => ({
    failure: expect.objectContaining({ code, reason: expect.stringMatching(reason) }),
  });

  test('is sound when its files are what they should be', async () => {
    const { reader, folder } = await imageWith();
    expect(await reader.sound('golden', never)).toMatchObject({ disk: join(folder, 'disk.qcow2') });
  });

  test('that is missing is built, and where it was looked for is said', async () => {
    const { reader, imagesDir } = await imageWith();
    const error = await reader.sound('missing', never).catch((reason: ShipError) => reason);
    expect(error).toMatchObject({ code: 'VM_IMAGE_MISSING' });
    expect((error as ShipError).message).toContain(`"${imagesDir}" (PERRY_IMAGE_DIR)`);
    expect((error as ShipError).message).toContain('Run "perry-ship image build missing".');
  });

  test.each(['../golden', '', '.', '-x', 'golden/disk.qcow2', 'a b; id', 'x\u001b[31m', 'x\u009b31m'])(
    '%j is no name, and stands in no command',
    async (name) => {
      const { reader } = await imageWith();
      const error = await reader.sound(name, never).catch((reason: ShipError) => reason);
      expect(error).toMatchObject({
        failure: {
          code: 'VM_IMAGE_MISSING',
          nextStep: 'Correct PERRY_TART_IMAGE, or leave it unset.',
        },
      });
      expect((error as ShipError).message).not.toMatch(/image build|\p{Cc}/u);
    },
  );

  test('whose folder of images is a file, or lies in one, is not told to be missing', async () => {
    const { folder } = await imageWith();
    const file = join(folder, 'vmlinuz');
    for (const imagesDir of [file, join(file, 'images')]) {
      const error = await createImageReader(imagesDir)
        .sound('golden', never)
        .catch((reason: ShipError) => reason);
      expect(error).toMatchObject(refused('CONFIG_INVALID', /a file and no folder/));
      expect((error as ShipError).message).toContain(`"${imagesDir}" (PERRY_IMAGE_DIR)`);
    }
  });

  test('whose folder may not be read is told apart from one that is no folder', () => {
    const error = imagesUnreadable('/images', Object.assign(new Error(), { code: 'EACCES' }));
    expect(error).toMatchObject(refused('CONFIG_INVALID', /may not read/));
    expect(imageForbidden('golden', '/images/golden/image.json', error)).toMatchObject(
      refused('VM_IMAGE_UNUSABLE', /"\/images\/golden\/image\.json"/),
    );
  });

  test.each([
    { suite: 'x\u001b[31m' },
    { kernelRelease: '6.1\n' },
    { builtBy: '1\u009b' },
    { rcodesign: { version: '0 29', sha256Hex: '0'.repeat(64) } },
    { packages: { 'a\u001b': '1' } },
    { packages: { a: '1\u202e' } },
  ])('with characters that its facts cannot have is refused: %j', async (changes) => {
    const { reader, folder } = await imageWith(changes);
    await expect(reader.sound('golden', never)).rejects.toMatchObject(refused('VM_IMAGE_UNUSABLE', /form/));
    const read = parseFacts(await readFile(join(folder, 'image.json'), 'utf8'));
    expect('fault' in read && read.fault).toMatch(/^[^\p{Cc}\p{Cf}]+$/u);
  });

  test('that is damaged is replaced by a command that names it', async () => {
    const { reader } = await imageWith({ format: 2 });
    await expect(reader.sound('golden', never)).rejects.toMatchObject({
      failure: { nextStep: 'Build it again with "perry-ship image build --force golden".' },
    });
  });

  test('whose image.json is a pipe, a device, a folder or endless is left unread', async () => {
    const { reader, folder } = await imageWith();
    const path = join(folder, 'image.json');
    const ways: [() => unknown, RegExp][] = [
      [() => execFileSync('mkfifo', [path]), /no regular file/],
      [() => symlink('/dev/zero', path), /no regular file/],
      [() => mkdir(path), /no regular file/],
      [() => writeFile(path, '').then(() => truncate(path, 2 ** 40)), /too large/],
    ];
    for (const [put, reason] of ways) {
      await rm(path, { recursive: true });
      await put();
      await expect(reader.sound('golden', never)).rejects.toMatchObject(refused('VM_IMAGE_UNUSABLE', reason));
    }
  });

  test('for another processor is refused', async () => {
    const other = hostArchitecture() === 'x86_64' ? 'aarch64' : 'x86_64';
    const { reader } = await imageWith({ architecture: other });
    await expect(reader.sound('golden', never)).rejects.toMatchObject(
      refused('VM_IMAGE_UNUSABLE', /made for/),
    );
  });

  test('of a form that is not known is refused', async () => {
    const { reader } = await imageWith({ format: 2 });
    await expect(reader.sound('golden', never)).rejects.toMatchObject(refused('VM_IMAGE_UNUSABLE', /form/));
  });

  test.each(['disk.qcow2', 'vmlinuz', 'initrd.gz'])(
    '%s that is gone, cut or changed is named',
    async (name) => {
      const { reader, folder } = await imageWith();
      await reader.sound('golden', never);
      const path = join(folder, name);
      const says = (reason: RegExp) =>
        expect(reader.sound('golden', never)).rejects.toMatchObject(refused('VM_IMAGE_UNUSABLE', reason));
      await writeFile(path, 'X'.repeat(name.length));
      await says(/damaged/);
      await truncate(path, 1);
      await says(/has 1 bytes instead of/);
      await rm(path);
      await says(/cannot be read: ENOENT/);
      await writeFile(path, name);
      await utimes(path, 1, 1);
      expect(await reader.sound('golden', never)).toBeDefined();
    },
  );
});

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { checkQemu } from '../../src/adapters/vm/qemu/check-host.ts';
import { freshName, never as signal } from '../helpers/local-vm.ts';
import { qemuHost, whyNoMachines } from '../helpers/qemu-vm.ts';

const why = whyNoMachines();

describe.skipIf(why !== undefined)(`the host of the qemu driver${why ? ` (${why})` : ''}`, () => {
  test('is found good, with what runs the processors of machines', async () => {
    const { driver, imagesDir, remove } = await qemuHost();
    await driver.checkHost?.('golden', { signal });
    const processor = await driver.processor?.('golden', { signal });
    expect(['host', 'emulated']).toContain(processor?.kind);
    if (processor?.kind === 'emulated')
      expect(processor.obstacle).toEqual({ reason: expect.any(String), fix: expect.any(String) });
    // asked once: who comes later, another process as well, takes the answer from the folder of the image
    const answer = join(imagesDir, 'golden', 'kvm-probe.json');
    const kept = await readFile(answer, 'utf8').catch(() => undefined);
    if (kept !== undefined)
      expect(JSON.parse(kept)).toEqual({ question: expect.any(String), works: processor?.kind === 'host' });
    await remove();
  });

  test.each(['qemu-system-', 'qemu-img'])('without %s it says how to install it', async (missing) => {
    const { folder, remove } = await qemuHost();
    const bin = join(folder, 'bin');
    await mkdir(bin);
    if (missing === 'qemu-img')
      for (const name of ['qemu-system-x86_64', 'qemu-system-aarch64'])
        await writeFile(join(bin, name), '#!/bin/sh\necho QEMU emulator version 9.0.1\n', { mode: 0o755 });
    vi.stubEnv('PATH', bin);
    await expect(checkQemu(signal)).rejects.toMatchObject({
      failure: {
        code: 'COMMAND_NOT_FOUND',
        summary: expect.stringContaining(missing),
        nextStep: expect.stringMatching(
          /^Run "sudo apt-get install --no-install-recommends qemu-system-(x86|arm) qemu-utils"/,
        ),
      },
    });
    vi.unstubAllEnvs();
    await remove();
  });

  test('with an old QEMU it says so', async () => {
    const { folder, remove } = await qemuHost();
    for (const name of ['qemu-system-x86_64', 'qemu-system-aarch64', 'qemu-img'])
      await writeFile(join(folder, name), '#!/bin/sh\necho QEMU emulator version 6.2.0\n', { mode: 0o755 });
    vi.stubEnv('PATH', folder);
    await expect(checkQemu(signal)).rejects.toMatchObject({
      failure: { code: 'VM_HOST_NOT_READY', reason: expect.stringContaining('version 6.2.0') },
    });
    vi.unstubAllEnvs();
    await remove();
  });

  test('with a full disk makes no machine', async () => {
    const { driverWith, remove } = await qemuHost();
    const driver = driverWith({ minFreeDiskGb: 100_000 });
    await expect(driver.clone('golden', freshName(), { signal })).rejects.toMatchObject({
      failure: { code: 'VM_DISK_FULL' },
    });
    expect(await driver.list({ signal })).toEqual([]);
    await remove();
  });

  test('without the image it names the command that builds one', async () => {
    const { driver, imagesDir, remove } = await qemuHost();
    await rm(join(imagesDir, 'golden'));
    await expect(driver.checkHost?.('golden', { signal })).rejects.toMatchObject({
      failure: { code: 'VM_IMAGE_MISSING', nextStep: 'Run "perry-ship image build golden".' },
    });
    await remove();
  });
});

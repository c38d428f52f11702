import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { makeSshKeyPair } from '../../src/adapters/guest/ssh/keys.ts';
import { run } from '../../src/adapters/process/run.ts';
import { goldenImageSchema, IMAGE_FACTS_FILE } from '../../src/domain/golden-image.ts';
import { processesOf } from '../helpers/leak-check.ts';
import { freshName, never as signal, untilDead } from '../helpers/local-vm.ts';
import { type QemuHost, qemuHost, TEST_IMAGE, TEST_IMAGES_DIR, whyNoMachines } from '../helpers/qemu-vm.ts';

const why = whyNoMachines();
const patience = { timeout: 300_000, interval: 20 };

/** A test on a host of its own, on which nothing may be left. */
const on = (perform: (host: QemuHost) => Promise<void>) => async () => {
  const host = await qemuHost();
  try {
    await perform(host);
  } finally {
    for (const name of await host.driver.list({ signal })) await host.driver.delete(name, { signal });
  }
  await vi.waitFor(() => expect(processesOf(host.folder)).toEqual([]), patience);
  expect(await readdir(join(host.stateDir, 'clones'))).toEqual([]);
  await host.remove();
};

async function cloned({ driver, stateDir }: QemuHost) {
  const name = freshName();
  await driver.clone('golden', name, { signal });
  return { name, cloneDir: join(stateDir, 'clones', name) };
}

function started({ driver }: QemuHost, name: string) {
  const life = driver.run(name, { signal, onStarted: () => undefined });
  life.catch(() => undefined);
  return life;
}

async function booted(host: QemuHost) {
  const { name, cloneDir } = await cloned(host);
  const life = started(host, name);
  const address = await host.driver.locate(name, { signal }).catch(async () => {
    const { reason } = await life;
    throw new Error(`it ended before: ${reason}: ${JSON.stringify(host.notes)}`);
  });
  const session = await vi.waitFor(() => host.driver.openGuest(address, { signal }), patience);
  return { name, cloneDir, life, address, session };
}

/** An image of its own for a host, which a test may damage. */
async function ownImage({ imagesDir }: QemuHost): Promise<string> {
  const [from, to] = [join(TEST_IMAGES_DIR, TEST_IMAGE), join(imagesDir, 'golden')];
  await rm(to);
  await mkdir(to);
  for (const name of await readdir(from))
    await copyFile(join(from, name), join(to, name), constants.COPYFILE_FICLONE);
  return to;
}

describe.skipIf(why !== undefined)(`faults of real machines${why ? ` (${why})` : ''}`, () => {
  test(
    'a QEMU that is told to end by a signal is an end in words, with the console in the log',
    on(async (host) => {
      const { name, life } = await booted(host);
      process.kill(await host.pidOf(name), 'SIGTERM');
      expect(await life).toEqual({
        expected: false,
        inOrder: false,
        reason: 'QEMU was asked by a signal to end',
      });
      expect(host.notes).toEqual([
        {
          text: 'a machine ended by itself',
          facts: expect.objectContaining({ vm: name, console: expect.stringContaining('listening') }),
        },
      ]);
    }),
  );

  test(
    'a kernel that panics ends the machine at once: here it has nothing to start',
    on(async (host) => {
      const { name, cloneDir } = await cloned(host);
      await rm(join(cloneDir, 'initrd'));
      await writeFile(join(cloneDir, 'initrd'), Buffer.alloc(1024));
      expect(await started(host, name)).toMatchObject({
        expected: false,
        reason: 'the guest has restarted, as it does when its kernel panics',
      });
      expect(host.notes[0]?.facts?.console).toMatch(/panic/i);
    }),
  );

  test(
    'a guest that lacks what it needs says so on its console, and powers off',
    on(async (host) => {
      const { name, cloneDir } = await cloned(host);
      await rm(join(cloneDir, 'disk.qcow2'));
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', 'disk.qcow2', '1G'], { cwd: cloneDir });
      expect(await started(host, name)).toMatchObject({
        expected: false,
        reason: 'the guest has powered itself off',
      });
      expect(host.notes[0]?.facts?.console).toContain('failed: the disk cannot be mounted');
    }),
  );

  test(
    'a machine that hangs is ended by force when it is to stop',
    on(async (host) => {
      const { name, life } = await booted(host);
      process.kill(await host.pidOf(name), 'SIGSTOP');
      await host.driver.stop(name, { signal });
      expect(await life).toMatchObject({ expected: true });
    }),
  );

  test(
    'one that hangs and was left by a previous process is ended as well',
    on(async (host) => {
      const { name, life } = await booted(host);
      process.kill(await host.pidOf(name), 'SIGSTOP');
      await host.driverWith({}).delete(name, { signal });
      expect(await life).toMatchObject({ expected: false, reason: expect.stringContaining('SIGKILL') });
    }),
  );

  test(
    'a machine is not stopped by who gives up waiting for it, and is stopped by who comes next',
    on(async (host) => {
      const { name, life } = await booted(host);
      process.kill(await host.pidOf(name), 'SIGSTOP');
      const abort = new AbortController();
      const stopping = host.driver.stop(name, { signal: abort.signal });
      abort.abort(new Error('too late'));
      await expect(stopping).rejects.toThrow('too late');
      await host.driver.delete(name, { signal });
      expect(await life).toMatchObject({ expected: true });
    }),
  );

  test(
    'a session of SSH that is killed in the guest is lost, and the next one is had',
    on(async (host) => {
      const { address, session } = await booted(host);
      await expect(session.exec('kill -9 $PPID; sleep 1000')).rejects.toMatchObject({ code: 'GUEST_LOST' });
      await session.closed;
      const next = await host.driver.openGuest(address, { signal });
      expect(await next.exec('echo here')).toMatchObject({ stdout: 'here\n' });
    }),
  );

  test(
    'a guest with another host key is not let near a secret',
    on(async (host) => {
      const { name, cloneDir } = await cloned(host);
      await writeFile(join(cloneDir, 'host_key'), makeSshKeyPair().privateKey);
      started(host, name);
      const address = await host.driver.locate(name, { signal });
      await expect(
        vi.waitFor(async () => {
          await host.driver.openGuest(address, { signal }).catch((error: { code: string }) => {
            // an emulated guest on a busy host may be late with its handshake
            if (error.code === 'GUEST_UNREACHABLE') throw error;
            expect(error).toMatchObject({ code: 'GUEST_HOST_KEY_MISMATCH' });
            return undefined;
          });
          return 'refused';
        }, patience),
      ).resolves.toBe('refused');
    }),
  );

  test(
    'an image that is removed or damaged while it is in use hurts the next machine alone, and says so',
    on(async (host) => {
      const folder = await ownImage(host);
      const { session } = await booted(host);
      const waiting = await cloned(host);
      const { files } = goldenImageSchema.parse(
        JSON.parse(await readFile(join(folder, IMAGE_FACTS_FILE), 'utf8')),
      );
      await truncate(join(folder, files.initrd.name), 100);
      await expect(host.driver.clone('golden', freshName(), { signal })).rejects.toMatchObject({
        code: 'VM_IMAGE_UNUSABLE',
      });
      await rm(folder, { recursive: true });
      await expect(host.driver.clone('golden', freshName(), { signal })).rejects.toMatchObject({
        code: 'VM_IMAGE_MISSING',
      });
      await expect(started(host, waiting.name)).rejects.toMatchObject({ code: 'VM_IMAGE_UNUSABLE' });
      expect(await session.exec('cat /etc/hostname >/dev/null; ls /usr/bin | wc -l')).toMatchObject({
        exitCode: 0,
      });
    }),
  );

  test.skipIf(process.getuid?.() !== 0)(
    'a full disk of the host ends the machine, with that reason (needs root, to mount a small one)',
    on(async (host) => {
      const clones = join(host.stateDir, 'clones');
      await mkdir(clones);
      const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=128m', 'small', clones]);
      expect(mounted, mounted.stderr).toMatchObject({ exitCode: 0 });
      try {
        const { name, life, session } = await booted(host);
        const filling = session.exec('head -c 256M /dev/zero >filler; sync; sleep 1000');
        filling.catch(() => undefined);
        expect(await life).toMatchObject({ expected: false, reason: 'the disk of this host is full' });
        await expect(filling).rejects.toMatchObject({ code: 'GUEST_LOST' });
        await host.driver.delete(name, { signal });
      } finally {
        await run('umount', ['-l', clones]);
      }
    }),
  );

  test(
    'machines end with the process that made them, when it is killed',
    on(async (host) => {
      const program = join(import.meta.dirname, 'machine-main.ts');
      const { stateDir, imagesDir } = host;
      const daemon = spawn(process.execPath, ['--import', 'tsx', program, stateDir, imagesDir], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await new Promise((resolve) => daemon.stdout.once('data', resolve));
      const [name = ''] = await host.driver.list({ signal });
      const pid = await host.pidOf(name);
      daemon.kill('SIGKILL');
      await untilDead(pid);
      await host.driver.delete(name, { signal });
    }),
  );
});

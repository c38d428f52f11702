import { constants } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { run } from '../../src/adapters/process/run.ts';
import { type Scene, type SceneOptions, withScene } from '../helpers/daemon.ts';
import { type GuardedAuthority, startGuardedAuthority } from '../helpers/guarded-authority.ts';
import { besideTheJob, machinePids, withMachines } from '../helpers/qemu-scene.ts';
import { TEST_IMAGE, TEST_IMAGES_DIR, whyNoMachines } from '../helpers/qemu-vm.ts';
import { gate } from '../integration/gate.ts';
import { expectGoodConversation, expectOneComplete } from '../integration/judges.ts';
import { type Materials, makeMaterials } from '../integration/materials.ts';

const why = whyNoMachines();
let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-vm-faults-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Whatever is found to be lost first: the machine, the connection into it, or what ran over it. */
const LOST = /^(VM_EXITED|GUEST_LOST|GUEST_TRANSFER_FAILED|GUEST_EXEC_REFUSED|GUEST_FORWARD_REFUSED): /;

const scene = (options: SceneOptions, run: (scene: Scene) => Promise<void>) =>
  withScene(withMachines({ secrets: materials.secrets, ...options }), async (scene) => {
    await scene.linked();
    await run(scene);
  });

interface Held extends Scene {
  readonly authority: GuardedAuthority;
  /** Lets the authority answer: a guest that signs stands still until then. */
  readonly letSign: () => void;
}

/** Signing in the guest stands still, at its first time stamp. */
async function heldScene(options: SceneOptions, run: (scene: Held) => Promise<void>): Promise<void> {
  const { open: letSign, opened } = gate();
  const authority = await startGuardedAuthority(opened);
  const env = { ...options.env, PERRY_TIMESTAMP_URL: authority.url };
  try {
    await scene({ ...options, env }, (scene) => run(Object.assign(scene, { authority, letSign })));
  } finally {
    letSign();
    await authority.stop();
  }
}

/** One error with one of these codes, one result, and nothing left. */
async function expectFailed(scene: Scene, jobId: string, error: RegExp): Promise<void> {
  expect(await scene.completed(jobId)).toMatchObject({
    ...{ success: false, artifacts: [] },
    error: expect.stringMatching(error),
  });
  expect(scene.hub.messages(jobId).filter(({ type }) => type === 'error')).toHaveLength(1);
  await scene.idle();
  expectOneComplete(scene.hub.messages(jobId));
}

async function signal(scene: Scene, name: NodeJS.Signals): Promise<void> {
  const pids = await machinePids(scene);
  expect(pids).toHaveLength(1);
  for (const pid of pids) process.kill(pid, name);
}

/** Where the image is in a folder of the test, which may harm it. */
async function ownImage(): Promise<{ readonly imagesDir: string; readonly disk: string }> {
  const imagesDir = await mkdtemp(join(folder, 'images-'));
  const [from, to] = [join(TEST_IMAGES_DIR, TEST_IMAGE), join(imagesDir, TEST_IMAGE)];
  await mkdir(to);
  for (const name of await readdir(from))
    await copyFile(join(from, name), join(to, name), constants.COPYFILE_FICLONE);
  const [disk = ''] = (await readdir(to)).filter((name) => name.startsWith('disk'));
  return { imagesDir, disk: join(to, disk) };
}

describe.skipIf(why !== undefined)(`a job whose real machine fails${why ? ` (${why})` : ''}`, () => {
  test.each([
    'alive.locating.asking',
    'alive.connecting.attempting',
    'engaged.work.running.transferring',
    'engaged.work.running.takingSignatures',
    'engaged.work.running.packaging',
  ])('QEMU is killed in %s', (state) =>
    scene({}, async (scene) => {
      const reached = scene.reached(state);
      const jobId = await scene.submit(materials.macJob());
      await reached;
      // the chart is there before the process of the machine has written its number
      await vi.waitFor(() => signal(scene, 'SIGKILL'), { timeout: 60_000, interval: 20 });
      await expectFailed(scene, jobId, LOST);
    }),
  );

  test('QEMU is killed while it signs: the job beside it is not disturbed', () =>
    heldScene({}, async (scene) => {
      const doomed = await scene.submit(materials.macJob());
      await scene.authority.asked;
      await signal(scene, 'SIGKILL');
      const other = await scene.submit(materials.iosJob());
      expect(await scene.completed(other)).toMatchObject({ success: true });
      await expectFailed(scene, doomed, LOST);
    }));

  test('QEMU stands still while it signs: that nobody answers is noticed', () =>
    heldScene({}, async (scene) => {
      const jobId = await scene.submit(materials.macJob());
      await scene.authority.asked;
      await signal(scene, 'SIGSTOP');
      await expectFailed(scene, jobId, /^GUEST_LOST: /);
    }));

  test('QEMU stands still while it boots: the machine is given up in time', () =>
    scene({ limits: { vm: { locateTimeout: 2_000 } } }, async (scene) => {
      const reached = scene.reached('alive.locating.asking');
      const jobId = await scene.submit(materials.macJob());
      await reached;
      await vi.waitFor(() => signal(scene, 'SIGSTOP'), { timeout: 60_000, interval: 20 });
      await expectFailed(scene, jobId, /^VM_TIMED_OUT: /);
    }));

  test('the SSH server of its guest is killed', () =>
    heldScene({}, async (scene) => {
      const beside = besideTheJob(scene);
      const jobId = await scene.submit(materials.macJob());
      await scene.authority.asked;
      const isOther = '[ $p != $PPID ] && read -r name <$p/comm';
      const others = `cd /proc; for p in [0-9]*; do if ${isOther}; then case $name in sshd*) kill -9 $p;; esac; fi; done 2>/dev/null; :`;
      await (await beside).exec(others);
      await expectFailed(scene, jobId, /^GUEST_LOST: /);
    }));

  test('the disk of its guest is full', () =>
    scene({}, async (scene) => {
      const beside = besideTheJob(scene);
      const { open: letDownload, opened } = gate();
      scene.hub.delayBodyUntil(opened);
      const jobId = await scene.submit(materials.macJob());
      // nothing is written to the disk of this host but the end, where the file system needs blocks of its own
      const claim = 'fallocate -l "$(df --output=avail -B1 . | tail -n 1)" filler';
      const fill = `${claim}; head -c 256M /dev/zero >rest; df . | tail -n 1`;
      expect(await (await beside).exec(fill)).toMatchObject({ stdout: expect.stringContaining(' 100% ') });
      letDownload();
      await expectFailed(scene, jobId, /^GUEST_DISK_FULL: .*the disk of the machine is full/);
    }));

  test.skipIf(process.getuid?.() !== 0)(
    'the disk of this host is full (needs root, to mount a small one)',
    async () => {
      const stateDir = join(folder, 'small');
      await mkdir(stateDir);
      const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=96m,mode=700', 'small', stateDir]);
      expect(mounted, mounted.stderr).toMatchObject({ exitCode: 0 });
      try {
        await heldScene({ env: { PERRY_STATE_DIR: stateDir } }, async (scene) => {
          const beside = besideTheJob(scene);
          const jobId = await scene.submit(materials.macJob());
          await scene.authority.asked;
          const filler = join(stateDir, 'clones', '.filler');
          await fillUp(filler);
          (await beside).exec('head -c 32M /dev/urandom >more; sync').catch(() => {});
          expect(await scene.completed(jobId)).toMatchObject({
            success: false,
            error: expect.stringMatching(/^(VM_EXITED: .*the disk of this host is full|GUEST_LOST: )/),
          });
          await rm(filler);
          await expectFailed(scene, jobId, LOST);
          scene.letSign();
          const next = await scene.submit(materials.macJob());
          expect(await scene.completed(next)).toMatchObject({ success: true });
        });
      } finally {
        await run('umount', ['-l', stateDir]);
      }
    },
  );

  test('its golden image is removed meanwhile: it ends well, and the next one names the command that builds one', async () => {
    const { imagesDir } = await ownImage();
    await heldScene({ env: { PERRY_IMAGE_DIR: imagesDir } }, async (scene) => {
      const jobId = await scene.submit(materials.macJob());
      await scene.authority.asked;
      await rm(imagesDir, { recursive: true });
      scene.letSign();
      expect(await scene.completed(jobId)).toMatchObject({ success: true });
      expectGoodConversation(scene.hub, jobId);
      const next = await scene.submit(materials.iosJob());
      await expectFailed(scene, next, /^VM_IMAGE_MISSING: .*"perry-ship image build"/);
    });
  });

  test('its golden image is damaged meanwhile: it has one answer, and the next one names the command', async () => {
    const { imagesDir, disk } = await ownImage();
    await heldScene({ env: { PERRY_IMAGE_DIR: imagesDir } }, async (scene) => {
      const beside = besideTheJob(scene);
      const jobId = await scene.submit(materials.macJob());
      await scene.authority.asked;
      await truncate(disk, 1_000_000);
      (await beside).exec('cat /usr/lib/*/* >/dev/null').catch(() => {});
      scene.letSign();
      await scene.completed(jobId);
      await scene.idle();
      expectOneComplete(scene.hub.messages(jobId));
      const next = await scene.submit(materials.iosJob());
      await expectFailed(
        scene,
        next,
        /^VM_IMAGE_UNUSABLE: .*"perry-ship image build --force perry-ship-golden"/,
      );
    });
  });
});

/** Until not one byte more is taken. */
async function fillUp(path: string): Promise<void> {
  const file = await open(path, 'w');
  const page = Buffer.alloc(65_536, 1);
  for (let isFull = false; !isFull; )
    isFull = await file.write(page).then(
      () => false,
      () => true,
    );
  await file.close();
}

describe.skipIf(why !== undefined)(
  `a job in a real machine that is cancelled${why ? ` (${why})` : ''}`,
  () => {
    test.each([
      'cloning',
      'alive.booting',
      'alive.locating.asking',
      'alive.connecting.attempting',
      'engaged.work.running.transferring',
      'engaged.work.running.codesigning',
      'engaged.work.running.takingSignatures',
      'engaged.work.running.packaging',
    ])('in %s says so once and leaves nothing', (state) =>
      scene({}, async (scene) => {
        let jobId = '';
        const cancelled = new Promise<void>((resolve) => {
          scene.atState(state, () => {
            scene.daemon.supervisor.send({ type: 'job.cancelRequested', jobId });
            resolve();
          });
        });
        jobId = await scene.submit(materials.iosJob());
        await cancelled;
        expect(await scene.completed(jobId)).toMatchObject({
          success: false,
          artifacts: [],
          error: 'cancelled',
        });
        expect(scene.hub.messages(jobId).filter(({ type }) => type === 'error')).toEqual([]);
        await scene.idle();
        expectOneComplete(scene.hub.messages(jobId));
      }),
    );
  },
);

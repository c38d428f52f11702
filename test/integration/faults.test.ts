import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENTER_ATTEMPTS } from '../../machines/sign-job/limits.ts';
import { openBundleDownload } from '../../src/adapters/hub/http.ts';
import { cutWay } from '../helpers/cut-way.ts';
import { beginScene, type Scene, type SceneOptions, WORKER_SECRET, withScene } from '../helpers/daemon.ts';
import { connectWorker, signJob, withHub } from '../helpers/hub.ts';
import { killGuest } from '../helpers/local-vm.ts';
import { gate } from './gate.ts';
import { expectOneComplete } from './judges.ts';
import { type Materials, makeMaterials } from './materials.ts';

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-faults-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const scene = (options: SceneOptions, run: (scene: Scene) => Promise<void>) =>
  withScene({ secrets: materials.secrets, ...options }, async (scene) => {
    await scene.linked();
    await run(scene);
  });

/** One error with one of these codes, one result, and nothing left. */
async function expectFailed(scene: Scene, jobId: string, codes: RegExp): Promise<void> {
  const complete = await scene.completed(jobId);
  expect(complete).toMatchObject({ success: false, artifacts: [], error: expect.stringMatching(codes) });
  const errors = scene.hub.messages(jobId).filter(({ type }) => type === 'error');
  expect(errors).toHaveLength(1);
  await scene.idle();
  expectOneComplete(scene.hub.messages(jobId));
}

describe('a machine that dies', () => {
  test('in the middle of signing: said once, and nothing is left of it', () =>
    scene({}, async (scene) => {
      const signing = await scene.holdSigning();
      const jobId = await scene.submit(materials.macJob());
      await signing.begun;
      await killGuest(scene);
      await expectFailed(scene, jobId, /^(VM_EXITED|GUEST_LOST): /);
      await signing.release();
    }));

  test.each(['transferring', 'packaging', 'takingSignatures', 'verifyingSignature'])(
    'in %s: said once, and nothing is left',
    (state) =>
      scene({}, async (scene) => {
        const killed = scene.reached(`engaged.work.running.${state}`).then(() => killGuest(scene));
        const jobId = await scene.submit(materials.macJob());
        await killed;
        await expectFailed(
          scene,
          jobId,
          /^(VM_EXITED|GUEST_LOST|GUEST_TRANSFER_FAILED|GUEST_EXEC_REFUSED): /,
        );
      }),
  );

  test('before anybody logged in: said once, and nothing is left', () =>
    scene({}, async (scene) => {
      const { open, opened } = gate();
      scene.hub.delayBodyUntil(opened);
      const killed = scene.reached('alive.connecting.attempting').then(() => killGuest(scene));
      const jobId = await scene.submit(materials.iosJob());
      await killed;
      await expectFailed(scene, jobId, /^(VM_EXITED|GUEST_LOST|VM_TIMED_OUT): /);
      open();
    }));

  test('does not disturb the job beside it', () =>
    scene({}, async (scene) => {
      const first = await scene.holdSigning();
      const doomed = await scene.submit(materials.macJob());
      await first.begun;
      await killGuest(scene);
      const other = await scene.submit(materials.iosJob());
      await expect(scene.completed(other)).resolves.toMatchObject({ success: true });
      await expectFailed(scene, doomed, /^(VM_EXITED|GUEST_LOST): /);
      await first.release();
    }));
});

describe('a way into the machine that is cut while the process of the run logs in', () => {
  test('is gone again, into the same machine, and the job succeeds', () =>
    scene({ limits: { signJob: { enterPause: 20 } } }, async (scene) => {
      const cuts = cutWay(scene, 3);
      const jobId = await scene.submit(materials.macJob());
      expect(await scene.completed(jobId)).toMatchObject({ success: true });
      expect(cuts()).toBe(3);
      await scene.idle();
      expectOneComplete(scene.hub.messages(jobId));
    }));

  test('always: the job fails for it, and nothing is left', () =>
    scene({ limits: { signJob: { enterPause: 20 } } }, async (scene) => {
      const cuts = cutWay(scene, Number.POSITIVE_INFINITY);
      const jobId = await scene.submit(materials.macJob());
      await expectFailed(scene, jobId, /^GUEST_UNREACHABLE: /);
      // and perhaps one beside the download
      expect([ENTER_ATTEMPTS, ENTER_ATTEMPTS + 1]).toContain(cuts());
    }));
});

describe('a tool that fails', () => {
  test('rcodesign ends by a signal: an error without a path of this host', () =>
    scene({}, async (scene) => {
      const signing = await scene.holdSigning();
      const jobId = await scene.submit(materials.macJob());
      await signing.begun;
      for (const pid of await pidsOf(join(scene.folder, 'tools', 'rcodesign'))) process.kill(pid, 'SIGKILL');
      await expectFailed(scene, jobId, /^SIGN_FAILED: /);
      const text = JSON.stringify(scene.hub.messages(jobId));
      expect(text).not.toContain(scene.folder);
      await signing.release();
    }));

  test('the time-stamp authority is not there: the error says so', () =>
    scene({ env: { PERRY_TIMESTAMP_URL: 'http://127.0.0.1:9/' } }, async (scene) => {
      const jobId = await scene.submit(materials.macJob());
      await expectFailed(scene, jobId, /^SIGN_TIMESTAMP_UNAVAILABLE: /);
    }));

  test('the golden image is not there: the error says so', () =>
    scene({ env: { PERRY_TART_IMAGE: 'no-such-image' } }, async (scene) => {
      const jobId = await scene.submit(materials.iosJob());
      await expectFailed(scene, jobId, /^VM_IMAGE_MISSING: /);
    }));
});

/** Processes that run this program. */
async function pidsOf(program: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
  );
  return pids.filter((_, index) => lines[index]?.startsWith(`/bin/sh\0${program}\0`)).map(Number);
}

/** What stands still, which deadline ends it, and the code. */
const deadlines: [string, SceneOptions, (scene: Scene) => unknown, RegExp][] = [
  [
    'the download',
    { limits: { signJob: { downloadTimeout: 300 } } },
    heldBody,
    /^STEP_TIMED_OUT: .*downloading/,
  ],
  ['the upload', { limits: { signJob: { uploadTimeout: 300 } } }, heldUpload, /^STEP_TIMED_OUT: .*uploading/],
  ['the machine', { limits: { vm: { connectTimeout: 300 } } }, heldMachine, /^VM_TIMED_OUT: .*SSH/],
  [
    'a machine that says nothing',
    { limits: { signJob: { machineTimeout: 300 } } },
    heldMachine,
    /^STEP_TIMED_OUT: /,
  ],
  ['signing', { limits: { signJob: { codesignTimeout: 300 } } }, heldSigning, /^STEP_TIMED_OUT: .*signing/],
  ['the whole job', { limits: { signJob: { jobTimeout: 1_500 } } }, heldSigning, /^JOB_TIMED_OUT: /],
];

function heldBody({ hub }: Scene) {
  const { open, opened } = gate();
  hub.delayBodyUntil(opened);
  return open;
}

function heldUpload({ hub }: Scene) {
  const { open, opened } = gate();
  hub.delayUploadAnswerUntil(opened);
  return open;
}

/** A guest that accepts the connection and then says nothing. */
function heldMachine({ daemon }: Scene) {
  const { open, opened } = gate();
  const { driver } = daemon.services;
  const openGuest = driver.openGuest.bind(driver);
  driver.openGuest = async (address, options) => {
    const session = await openGuest(address, options);
    await opened;
    return session;
  };
  return open;
}

async function heldSigning(scene: Scene) {
  const { release } = await scene.holdSigning();
  return release;
}

describe('what stands still is ended by its deadline', () => {
  test.each(deadlines)('%s', async (_what, options, hold, code) => {
    await scene(options, async (scene) => {
      const letGo = (await hold(scene)) as () => unknown;
      const jobId = await scene.submit(materials.macJob());
      expect(await scene.completed(jobId)).toMatchObject({ success: false });
      await letGo();
      await expectFailed(scene, jobId, code);
    });
  });
});

test('a download that broke before anybody read it is told in our words', () =>
  withHub({}, async (hub) => {
    const worker = await connectWorker(hub);
    await hub.submitJob(signJob(Buffer.alloc(100_000)));
    const { tarballUrl: url, authToken: token } = await worker.assignment(1);
    hub.failNextDownloads(1, 'reset');
    const signal = AbortSignal.timeout(20_000);
    const { body } = await openBundleDownload({ url, token, origin: { hubUrl: hub.webSocketUrl }, signal });
    await new Promise((closed) => body.once('close', closed));
    await expect(body.toArray()).rejects.toMatchObject({ code: 'HUB_UNAVAILABLE' });
    worker.socket.close();
    await worker.ended();
  }));

describe('standby machines', () => {
  test('serve jobs that end well, badly and by a cancel, and all are gone with the daemon', async () => {
    const { scene, end } = await beginScene({ env: { PERRY_VM_STANDBY: '2' }, secrets: materials.secrets });
    await scene.linked();
    const good = [await scene.submit(materials.macJob()), await scene.submit(materials.iosJob())];
    for (const job of good) expect(await scene.completed(job)).toMatchObject({ success: true });
    const cancelled = new Promise<void>((resolve) => {
      scene.atState('engaged.work.running.codesigning', (run) => {
        run.send({ type: 'job.cancelRequested', why: 'user' });
        resolve();
      });
    });
    const third = await scene.submit(materials.macJob());
    await cancelled;
    expect(await scene.completed(third)).toMatchObject({ error: 'cancelled' });
    const bad = await scene.submit(materials.iosJob({ bundle: Buffer.from('no archive') }));
    expect(await scene.completed(bad)).toMatchObject({ success: false });
    await end();
  });
});

/** The check itself would be worth nothing if it saw nothing. */
describe('the leak check', () => {
  const caught = (run: (scene: Scene) => Promise<unknown>) =>
    withScene({ settleMs: 300 }, async (scene) => {
      await scene.linked();
      await run(scene);
    }).then(
      () => 'nothing was found',
      (error: Error) => error.message,
    );

  test('sees a temporary file', async () => {
    const found = await caught(({ temporaryDir }) => writeFile(join(temporaryDir, 'left'), 'x'));
    expect(found).toContain('temporary files');
  });

  test('sees a timer', async () => {
    let timer: NodeJS.Timeout | undefined;
    const found = await caught(async () => {
      timer = setInterval(() => {}, 60_000);
    });
    clearInterval(timer);
    expect(found).toContain('open handles');
  });

  test('sees a secret in the log', async () => {
    const found = await caught(async ({ daemon, log }) => {
      daemon.services.redactor.forget('config');
      daemon.services.logger.info(`the secret is ${WORKER_SECRET}`);
      await setImmediate();
      expect(log.length).toBeGreaterThan(0);
    });
    expect(found).toContain('secrets that were seen');
  });

  test('sees a secret in an event', async () => {
    const found = await caught(async ({ daemon }) =>
      daemon.supervisor.send({ type: 'job.cancelRequested', jobId: WORKER_SECRET }),
    );
    expect(found).toContain('secrets that were seen');
  });

  test('sees a file in the state folder', async () => {
    const found = await caught(({ stateDir }) => writeFile(join(stateDir, 'p12'), 'x'));
    expect(found).toContain('the state folder');
  });
});

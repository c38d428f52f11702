import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AnyStateNode } from 'xstate';
import { signJobMachine } from '../../machines/sign-job/machine.ts';
import { cutWay } from '../helpers/cut-way.ts';
import { type Scene, type SceneOptions, withScene } from '../helpers/daemon.ts';
import { gate } from './gate.ts';
import { expectOneComplete } from './judges.ts';
import { type Materials, makeMaterials } from './materials.ts';

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-cancel-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const scene = (options: SceneOptions, run: (scene: Scene) => Promise<void>) =>
  withScene({ secrets: materials.secrets, ...options }, async (scene) => {
    await scene.linked();
    await run(scene);
  });

/** How a state is made to be reached, and to last; the returned function lets go of what was held. */
interface Way {
  /** `reassigned`: the hub has taken the job back, and gives it out again: nothing is said, and a new run succeeds. */
  readonly ending?: 'reassigned';
  readonly options?: SceneOptions;
  readonly prepare?: (scene: Scene) => (() => void) | Promise<() => void>;
  /** What is waited for in the state, before the cancel. */
  readonly until?: (scene: Scene) => Promise<void>;
}

const LONG_MS = 20_000;
const backSoon = { hub: { backoff: 500 } };
const refused = (kind: 'failNextDownloads' | 'failNextUploads', times: number): Way => ({
  options: { limits: { signJob: { retryPause: LONG_MS } } },
  prepare: ({ hub }) => {
    hub[kind](times, 503);
    return () => {};
  },
});

/** States of the work that a cancel can meet, and what it takes to get there. */
const ways: Record<string, Way> = {
  admitting: {},
  'running.awaitingProcess': {},
  'running.downloading.attempting': { prepare: heldBody },
  'running.downloading.pausing': refused('failNextDownloads', 1),
  'running.downloading.awaitingClaim': {
    options: { limits: { ...backSoon, signJob: { retryPause: 300 } } },
    ending: 'reassigned',
    prepare: (scene) => {
      scene.hub.failNextDownloads(1, 503);
      scene.atState('engaged.work.running.downloading.pausing', () => scene.hub.dropAllSockets());
      return () => {};
    },
  },
  'running.inspecting': {},
  'running.checkingCredentials': {},
  'running.drawingIcons': {},
  'running.mergingInfoPlist': {},
  'running.compilingIcon': {},
  'running.namingCatalog': {},
  'running.embeddingProfile': {},
  'running.awaitingMachine': { prepare: heldMachine },
  'running.enteringMachine.attempting': {},
  'running.enteringMachine.pausing': {
    options: { limits: { signJob: { enterPause: LONG_MS } } },
    prepare: (scene) => {
      cutWay(scene, Number.POSITIVE_INFINITY);
      return () => {};
    },
  },
  'running.transferring': {},
  'running.codesigning': {},
  'running.takingSignatures': {},
  'running.verifyingSignature': {},
  'running.packaging': {},
  'running.recordingSignature': {},
  'running.checkingArtifact': { ...linkLostAt('packaging') },
  'running.checkingWhileSending.check.passed.awaitingAnswer': { prepare: heldAnswer, until: uploadIsRead },
  'running.awaitingClaim': { ...linkLostAt('packaging') },
  'running.delivering.attempting.awaitingAnswer': {
    prepare: (scene) => {
      // the upload that is made while the artifact is checked
      scene.hub.failNextUploads(1, 503);
      return heldAnswer(scene);
    },
    until: uploadIsRead,
  },
  'running.delivering.pausing': refused('failNextUploads', 2),
  'running.delivered': {
    options: {
      limits: { hub: { heartbeatInterval: 500, silenceTimeout: 4_000, closeTimeout: 20, backoff: 1_000 } },
    },
    ending: 'reassigned',
    // the hub takes the artifact, and does not know yet that the link is dead
    prepare: (scene) => {
      const { open, opened } = gate();
      scene.hub.delayUploadAnswerUntil(opened);
      scene.atState('engaged.work.running.checkingWhileSending.check.passed', () =>
        scene.hub.freezeSockets(),
      );
      scene.atState('engaged.claim.doubtful', open);
      return () => scene.hub.dropAllSockets();
    },
  },
};

/** Late enough for the run to be past it before the link is back. */
function linkLostAt(state: string): Way {
  return {
    options: { limits: backSoon },
    ending: 'reassigned',
    prepare: (scene) => {
      scene.atState(`engaged.work.running.${state}`, () => scene.hub.dropAllSockets());
      return () => {};
    },
  };
}

function heldAnswer({ hub }: Scene): () => void {
  const { open, opened } = gate();
  hub.delayUploadAnswerUntil(opened);
  return open;
}

function heldBody({ hub }: Scene): () => void {
  const { open, opened } = gate();
  hub.delayBodyUntil(opened);
  return open;
}

/** The guest takes nobody in until then. */
function heldMachine({ daemon }: Scene): () => void {
  const { driver } = daemon.services;
  const { open, opened } = gate();
  const openGuest = driver.openGuest.bind(driver);
  driver.openGuest = async (address, options) => {
    const session = await openGuest(address, options);
    await opened;
    return session;
  };
  return open;
}

/** What is on its way to the hub cannot be taken back: it must be there before the job has its answer. */
async function uploadIsRead({ hub }: Scene): Promise<void> {
  await vi.waitFor(() => expect(hub.uploadsRead()).toBeGreaterThan(0), { timeout: 20_000, interval: 20 });
}

/** Cancels at the very moment when the state begins, before anything else can happen. */
function cancelAt(
  scene: Scene,
  path: string,
  jobId: () => string,
  until?: (scene: Scene) => Promise<void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = () => {
      scene.daemon.supervisor.send({ type: 'job.cancelRequested', jobId: jobId() });
      resolve();
    };
    scene.atState(path, () => (until ? void until(scene).then(cancel, reject) : cancel()));
  });
}

const cancelledOnce = { success: false, artifacts: [], error: 'cancelled' };

/** The end does not wait for what was held; that comes later, and must do no harm any more. */
async function expectCancelled(
  scene: Scene,
  jobId: string,
  end: object = cancelledOnce,
  letGo: () => void = () => {},
): Promise<void> {
  expect(await scene.completed(jobId)).toMatchObject(end);
  letGo();
  const messages = scene.hub.messages(jobId);
  expect(messages.filter(({ type }) => type === 'error')).toEqual([]);
  const said = messages.filter(({ line }) => line === 'CANCELLED: The job was cancelled on request.');
  expect(said).toHaveLength(end === cancelledOnce ? 1 : 0);
  await scene.idle();
  expectOneComplete(scene.hub.messages(jobId));
}

describe('a job that is cancelled', () => {
  test.each(Object.entries(ways))(
    'in %s says so once and leaves nothing',
    async (state, { options = {}, prepare, until, ending }) => {
      await scene(options, async (scene) => {
        const letGo = await prepare?.(scene);
        let jobId = '';
        const cancelled = cancelAt(scene, `engaged.work.${state}`, () => jobId, until);
        jobId = await scene.submit(materials.iosJob());
        await cancelled;
        if (ending === 'reassigned') letGo?.();
        await expectCancelled(
          scene,
          jobId,
          ending === 'reassigned' ? { success: true } : cancelledOnce,
          letGo,
        );
      });
    },
  );

  test.each([
    'cloning',
    'alive.booting',
    'alive.locating.asking',
    'alive.connecting.attempting',
    'alive.ready',
  ])('while its machine is in %s says so once and leaves nothing', async (state) => {
    await scene({}, async (scene) => {
      const letGo = heldBody(scene);
      let jobId = '';
      const cancelled = cancelAt(scene, state, () => jobId);
      jobId = await scene.submit(materials.macJob());
      await cancelled;
      await expectCancelled(scene, jobId, cancelledOnce, letGo);
    });
  });

  test('in the line for a slot says so, and the job before it is not disturbed', async () => {
    await scene({ env: { PERRY_MAX_CONCURRENT_BUILDS: '1' } }, async (scene) => {
      const { first, waiting, release } = await fillLine(scene);
      expect(scene.hub.cancel(waiting)).toBe(true);
      await scene.completed(waiting);
      const messages = scene.hub.messages(waiting);
      expect(new Set(messages.map(({ type }) => type))).toEqual(new Set(['queue_update', 'log', 'complete']));
      expect(messages.at(-1)).toMatchObject(cancelledOnce);
      expectOneComplete(messages);
      await release();
      expect(await scene.completed(first)).toMatchObject({ success: true });
    });
  });

  test.each(['releasing', 'purging'])('in %s, when its result is out, changes nothing', async (state) => {
    await scene({}, async (scene) => {
      let jobId = '';
      const cancelled = cancelAt(scene, `engaged.work.${state}`, () => jobId);
      jobId = await scene.submit(materials.iosJob());
      await cancelled;
      expect(await scene.completed(jobId)).toMatchObject({ success: true });
      await scene.idle();
      expectOneComplete(scene.hub.messages(jobId));
    });
  });

  test('every state of the work is in one of these tables, or passes at once', () => {
    const atOnce = [
      'running.downloading.doubting',
      'running.delivering.doubting',
      // for as long as an artifact of a few bytes leaves
      ...['beginning', 'sending'].map((state) => `running.delivering.attempting.${state}`),
      'running.checkingWhileSending.check.passed.sending',
      ...['equipped', 'askingForMachine', 'beginningPass'].map((state) => `running.${state}`),
      ...['readyToSubmit', 'stapled'].map((state) => `running.${state}`),
      'reporting',
      'dropping',
      'settling',
    ];
    /** What goes to Apple, and what its tools do, is cancelled in the tests against its simulator. */
    const atApple = [
      ...['learningToolchain', 'compilingAssets', 'layingOutBundle'],
      ...['restoringApp', 'updatingBundle', 'packagingAnew', 'checkingRemade', 'recordingChange'],
      ...['validatingStaple', 'checkingStapled'],
      ...['recallingArtifact', 'keepingArtifact', 'notarizing', 'publishing.recalling', 'publishing.sending'],
      'distributing',
    ].map((state) => `running.${state}`);
    /** With a check that goes on until the test ends it: `upload-ahead.test.ts`. */
    const whileChecking = ['check.reading', 'upload.attempting', 'upload.brokenOff'].map(
      (state) => `running.checkingWhileSending.${state}`,
    );
    const elsewhere = [...whileChecking, 'waitingForSlot', 'releasing', 'purging', ...atApple];
    const known = [...Object.keys(ways), ...elsewhere, ...atOnce].sort();
    expect(leavesOf(signJobMachine.getStateNodeById('signJob.engaged.work')).sort()).toEqual(known);
  });
});

const leavesOf = (node: AnyStateNode, above = ''): string[] =>
  Object.entries(node.states as Record<string, AnyStateNode>).flatMap(([name, inner]) =>
    Object.keys(inner.states).length === 0 ? [`${above}${name}`] : leavesOf(inner, `${above}${name}.`),
  );

/** The hub frees two slots for a failed job, so with one slot the third job is handed out beside the second. */
async function fillLine(scene: Scene) {
  const letGo = heldBody(scene);
  const failing = await scene.submit(materials.macJob({ bundle: Buffer.from('no archive') }));
  const first = await scene.submit(materials.macJob());
  const waiting = await scene.submit(materials.iosJob());
  const signing = await scene.holdSigning();
  letGo();
  expect(await scene.completed(failing)).toMatchObject({ success: false });
  await signing.begun;
  await scene.hub.nextMessage(waiting, ({ type }) => type === 'queue_update');
  return { first, waiting, release: signing.release };
}

describe('a job that is cancelled while a machine lets somebody in', () => {
  test('leaves no connection behind', () =>
    scene({}, async (scene) => {
      const letGo = heldMachine(scene);
      let jobId = '';
      const cancelled = cancelAt(scene, 'alive.connecting.attempting', () => jobId);
      jobId = await scene.submit(materials.macJob());
      await cancelled;
      await expectCancelled(scene, jobId, cancelledOnce, letGo);
    }));
});

describe('a cancel that comes from the hub', () => {
  test('reaches a job whose download stands still', () =>
    scene({}, async (scene) => {
      const letGo = heldBody(scene);
      const reached = scene.reached('engaged.work.running.downloading.attempting');
      const jobId = await scene.submit(materials.iosJob());
      await reached;
      expect(scene.hub.cancel(jobId)).toBe(true);
      await expectCancelled(scene, jobId, cancelledOnce, letGo);
    }));

  test('reaches a job that is being signed, and the program that signs is gone', () =>
    scene({}, async (scene) => {
      const signing = await scene.holdSigning();
      const jobId = await scene.submit(materials.macJob());
      await signing.begun;
      expect(scene.hub.cancel(jobId)).toBe(true);
      await expectCancelled(scene, jobId);
      await signing.release();
    }));

  test('reaches a job whose upload waits for its answer; the artifact is not called a success', () =>
    scene({}, async (scene) => {
      const { open, opened } = gate();
      scene.hub.delayUploadAnswerUntil(opened);
      const reached = scene.reached('engaged.work.running.checkingWhileSending.check.passed');
      const jobId = await scene.submit(materials.macJob());
      await reached;
      await uploadIsRead(scene);
      expect(scene.hub.cancel(jobId)).toBe(true);
      await expectCancelled(scene, jobId, cancelledOnce, open);
    }));

  test('for a job that nobody knows is nothing', () =>
    scene({}, async (scene) => {
      scene.hub.sendRaw(JSON.stringify({ type: 'cancel', job_id: 'unknown' }));
      const jobId = await scene.submit(materials.iosJob());
      expect(await scene.completed(jobId)).toMatchObject({ success: true });
    }));
});

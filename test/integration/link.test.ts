import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { waitFor } from 'xstate';
import { TRANSFER_ATTEMPTS } from '../../machines/sign-job/limits.ts';
import { patience, type Scene, type SceneOptions, WORKER_SECRET, withScene } from '../helpers/daemon.ts';
import { completed, connectWorker } from '../helpers/hub.ts';
import { inProcessRuns } from '../helpers/in-process-runs.ts';
import { gate } from './gate.ts';
import { expectGoodConversation, expectOneComplete } from './judges.ts';
import { type Materials, makeMaterials } from './materials.ts';

let folder: string;
let materials: Materials;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-link-'));
  materials = await makeMaterials(join(folder, 'materials'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const scene = (options: SceneOptions, run: (scene: Scene) => Promise<void>) =>
  withScene({ secrets: materials.secrets, startRun: inProcessRuns(), ...options }, run);

const succeeds = async (scene: Scene, jobId: string) =>
  expect(await scene.completed(jobId)).toMatchObject({ success: true });

const typesOf = (scene: Scene, jobId: string): string[] => scene.hub.messages(jobId).map(({ type }) => type);
const assignmentsOf = ({ hub }: Scene, jobId: string) => hub.assignments.filter((one) => one.jobId === jobId);

/** How many machines were made, and how many there were at most at the same time. */
function countMachines({ daemon }: Scene) {
  const { driver } = daemon.services;
  const counts = { made: 0, alive: 0, most: 0 };
  const { clone, delete: remove } = driver;
  driver.clone = (...args) => {
    counts.made += 1;
    counts.alive += 1;
    counts.most = Math.max(counts.most, counts.alive);
    return clone.apply(driver, args);
  };
  driver.delete = async (...args) => {
    await remove.apply(driver, args);
    counts.alive -= 1;
  };
  return counts;
}

/** Brings two jobs to a point where they stand still; the second is the one that the hub knows as the last. */
const standstills = {
  downloading: async (scene: Scene) => {
    const { open, opened } = gate();
    scene.hub.delayBodyUntil(opened);
    const jobs = await submitTwo(scene, 'engaged.work.running.downloading.attempting');
    return { jobs, letGo: open };
  },
  signing: async (scene: Scene) => {
    const first = await scene.holdSigning();
    const orphan = await scene.submit(materials.macJob());
    await first.begun;
    const second = await scene.holdSigning();
    const requeued = await scene.submit(materials.iosJob());
    await second.begun;
    const letGo = () => Promise.all([first.release(), second.release()]);
    return { jobs: [orphan, requeued] as const, letGo };
  },
  uploading: async (scene: Scene) => {
    const { open, opened } = gate();
    scene.hub.delayUploadAnswerUntil(opened);
    const jobs = await submitTwo(scene, 'engaged.work.running.checkingWhileSending.check.passed');
    return { jobs, letGo: open };
  },
};

async function submitTwo(scene: Scene, path: string): Promise<readonly [string, string]> {
  const first = scene.reached(path);
  const orphan = await scene.submit(materials.macJob());
  await first;
  const second = scene.reached(path);
  const requeued = await scene.submit(materials.iosJob());
  await second;
  return [orphan, requeued];
}

const phases = ['downloading', 'signing', 'uploading'] as const;
const drops = [
  ['without a word', false],
  ['with a farewell', true],
] as const;

describe.each(phases)('two jobs are %s when the link', (phase) => {
  test.each(drops)('ends %s: one is adopted, the other finishes as it was', (_how, cleanly) =>
    scene({}, async (scene) => {
      await scene.linked();
      const machines = countMachines(scene);
      const { jobs, letGo } = await standstills[phase](scene);
      const [orphan, requeued] = jobs;
      scene.hub.dropAllSockets({ cleanly });
      await scene.hub.until(() => assignmentsOf(scene, requeued)[1], patience());
      await letGo();
      await Promise.all([succeeds(scene, orphan), succeeds(scene, requeued)]);
      await scene.idle();
      expect(assignmentsOf(scene, orphan)).toHaveLength(1);
      expect(assignmentsOf(scene, requeued)).toHaveLength(2);
      for (const job of jobs) expectOneComplete(scene.hub.messages(job));
      for (const job of jobs) expect(typesOf(scene, job)).not.toContain('error');
      expect(machines).toMatchObject({ made: 2, alive: 0 });
    }),
  );

  test('ends with a restart of the hub: both are dropped without a word, and the next job is done', () =>
    scene({}, async (scene) => {
      await scene.linked();
      const { jobs, letGo } = await standstills[phase](scene);
      await scene.hub.restart();
      await letGo();
      await scene.linked();
      await scene.idle();
      for (const job of jobs) expect(typesOf(scene, job)).not.toContain('complete');
      for (const job of jobs) expect(typesOf(scene, job)).not.toContain('error');
      const next = await scene.submit(materials.iosJob());
      await succeeds(scene, next);
      expectGoodConversation(scene.hub, next);
    }));

  test('ends and the hub gives one to another worker: ours says nothing more about it', () =>
    scene({ limits: { hub: { backoff: 400 } } }, async (scene) => {
      await scene.linked();
      const { jobs, letGo } = await standstills[phase](scene);
      const [orphan, requeued] = jobs;
      scene.hub.dropAllSockets();
      await scene.hub.until(() => (scene.hub.workers().length === 0 ? true : undefined), patience());
      const other = await connectWorker(scene.hub, { secret: WORKER_SECRET, name: 'the other' });
      await other.assignment(1);
      await letGo();
      await succeeds(scene, orphan);
      await scene.idle();
      expect(typesOf(scene, requeued)).not.toContain('complete');
      await other.say(completed(requeued));
      await scene.completed(requeued);
      expectOneComplete(scene.hub.messages(requeued));
      other.socket.close();
      await other.ended();
    }));
});

describe('the link', () => {
  test('is made as soon as the hub is there', () =>
    scene({ first: (hub) => hub.refuseConnections(true) }, async (scene) => {
      await waitFor(scene.daemon.supervisor, (snapshot) =>
        snapshot.matches({ serving: { link: 'offline' } }),
      );
      await scene.hub.refuseConnections(false);
      const jobId = await scene.submit(materials.macJob());
      await succeeds(scene, jobId);
    }));

  test('is refused with a wrong secret: said loudly, tried slowly', () =>
    scene({ env: { PERRY_HUB_WORKER_SECRET: 'an0ther-w0rker-secret' } }, async (scene) => {
      scene.secrets.add('the wrong worker secret', 'an0ther-w0rker-secret');
      const { supervisor } = scene.daemon;
      await waitFor(supervisor, (snapshot) => snapshot.matches({ serving: { link: 'refused' } }));
      expect(scene.log.join('')).toMatch(/"level":50.*PERRY_HUB_WORKER_SECRET/);
      expect(scene.hub.workers()).toEqual([]);
    }));

  test('that goes silent is given up and made again; a job works on the new one', () => {
    const hub = { heartbeatInterval: 100, silenceTimeout: 700, closeTimeout: 50 };
    return scene({ limits: { hub } }, async (scene) => {
      await scene.linked();
      const signing = await scene.holdSigning();
      await scene.submit(materials.macJob());
      await signing.begun;
      const lost = scene.reached('linked.abandoning');
      scene.hub.freezeSockets();
      await lost;
      // the silent link is a ghost at the hub that holds the first job
      await scene.hub.until(() => scene.hub.workers()[1], patience());
      const jobs = [await scene.submit(materials.iosJob()), await scene.submit(materials.iosJob())];
      await signing.release();
      const onTheNewLink = jobs.find((job) => assignmentsOf(scene, job).length > 0) ?? '';
      scene.hub.dropAllSockets();
      await Promise.all(jobs.map((job) => succeeds(scene, job)));
      for (const job of [...jobs, onTheNewLink]) expectOneComplete(scene.hub.messages(job));
    });
  });

  test.each([
    ['releasing', false],
    ['releasing', true],
    ['purging', false],
  ] as const)('ends when a job is in %s (farewell: %s): its result is known once', (state, cleanly) =>
    scene({}, async (scene) => {
      await scene.linked();
      scene.atState(`engaged.work.${state}`, () => scene.hub.dropAllSockets({ cleanly }));
      const jobId = await scene.submit(materials.iosJob());
      await succeeds(scene, jobId);
      await scene.linked();
      await scene.idle();
      expectOneComplete(scene.hub.messages(jobId));
    }),
  );

  test('survives everything that is no message, also in the middle of a job', () =>
    scene({}, async (scene) => {
      await scene.linked();
      const signing = await scene.holdSigning();
      const jobId = await scene.submit(materials.macJob());
      await signing.begun;
      for (const frame of junk) scene.hub.sendRaw(frame);
      await signing.release();
      await succeeds(scene, jobId);
      expectGoodConversation(scene.hub, jobId);
    }));

  test('begins with a hello that says what we are, and declines updates', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const frames: Record<string, unknown>[] = [];
    const answered = new Promise<void>((resolve) => {
      server.on('connection', (socket) =>
        socket.on('message', (data) => {
          frames.push(JSON.parse(data.toString()));
          if (frames.length === 1) socket.send('{"type":"update_perry"}');
          else resolve();
        }),
      );
    });
    const secrets = { 'what is in the address of the hub': 'token-for-a-proxy' };
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws?key=token-for-a-proxy`;
    await withScene({ env: { PERRY_HUB_URL: url }, secrets }, () => answered);
    expect(frames).toEqual([
      {
        type: 'worker_hello',
        capabilities: ['macos-sign', 'ios-sign'],
        name: 'tester',
        secret: WORKER_SECRET,
        max_concurrent: 2,
      },
      {
        type: 'update_result',
        success: false,
        old_version: '',
        new_version: '',
        error: expect.stringMatching(/sign-only/),
      },
    ]);
    server.close();
  });
});

const junk = [
  'not json',
  '{"type":',
  '[]',
  'null',
  '"text"',
  '7',
  '{}',
  '{"type":null}',
  '{"type":"no such thing","job_id":"x"}',
  '{"type":"cancel"}',
  '{"type":"cancel","job_id":7}',
  '{"type":"job_assign"}',
  '{"type":"job_assign","job_id":null}',
  '{"type":"error","code":"SOMETHING"}',
  '{"type":"proceed_distribute","job_id":"x"}',
  '{"type":"skip_distribute","job_id":"x","reason":"y"}',
  '{"type":"update_perry"}',
  '{"type":"__proto__","__proto__":{"type":"cancel"}}',
  JSON.stringify({ type: 'x'.repeat(300_000) }),
  '\u0000\u0001',
  '',
];

describe('a transfer', () => {
  test.each(['failNextDownloads', 'failNextUploads'] as const)('is repeated: %s', (kind) =>
    scene({}, async (scene) => {
      await scene.linked();
      scene.hub[kind](1, 503);
      scene.hub[kind](1, 'reset');
      scene.hub[kind](1, 500);
      const jobId = await scene.submit(materials.macJob());
      await succeeds(scene, jobId);
      expectOneComplete(scene.hub.messages(jobId));
      expect(typesOf(scene, jobId)).not.toContain('error');
    }),
  );

  test('that the hub takes and does not answer is made anew, and its sender is told why', () =>
    scene({ limits: { signJob: { answerTimeout: 1_000 } } }, async (scene) => {
      await scene.linked();
      const { open, opened } = gate();
      scene.hub.delayUploadAnswerUntil(opened);
      const jobId = await scene.submit(materials.iosJob());
      const told = /All of it was sent.*tried again/;
      await scene.hub.nextMessage(jobId, ({ line }) => told.test(String(line)), patience());
      open();
      await succeeds(scene, jobId);
      expectOneComplete(scene.hub.messages(jobId));
      expect(typesOf(scene, jobId)).not.toContain('error');
    }));

  test.each([
    [503, TRANSFER_ATTEMPTS, 'HUB_UNAVAILABLE'],
    ['reset', TRANSFER_ATTEMPTS, 'HUB_UNAVAILABLE'],
    [409, 1, 'HUB_REFUSED'],
    [413, 1, 'HUB_REFUSED'],
    [302, 1, 'HUB_REFUSED'],
  ] as const)('of an artifact that ends with %s (%i times) is no success', (fault, times, code) =>
    scene({}, async (scene) => {
      await scene.linked();
      // the first one is made while the artifact is checked, and is not counted
      scene.hub.failNextUploads(1 + times, fault);
      const jobId = await scene.submit(materials.iosJob());
      expect(await scene.completed(jobId)).toMatchObject({
        success: false,
        artifacts: [],
        error: expect.stringMatching(`^${code}: `),
      });
      expect(scene.hub.artifact(jobId)).toBeUndefined();
      expect(scene.hub.messages(jobId).at(-2)).toMatchObject({ type: 'error', code, stage: 'uploading' });
    }),
  );

  test.each(['failNextDownloads', 'failNextUploads'] as const)(
    'that is answered with 403 ends the run without a word: %s',
    (kind) =>
      scene({}, async (scene) => {
        await scene.linked();
        scene.hub[kind](kind === 'failNextUploads' ? 2 : 1, 403);
        const dropped = scene.reached('dropped');
        const jobId = await scene.submit(materials.iosJob());
        await dropped;
        await scene.idle();
        expect(typesOf(scene, jobId)).not.toContain('complete');
        expect(typesOf(scene, jobId)).not.toContain('error');
      }),
  );
});

describe('more jobs than there is room for', () => {
  test('wait in line, whatever the hub hands out: never more than one machine', () =>
    scene({ env: { PERRY_MAX_CONCURRENT_BUILDS: '1' } }, async (scene) => {
      await scene.linked();
      const machines = countMachines(scene);
      const { open, opened } = gate();
      scene.hub.delayBodyUntil(opened);
      const bad = { bundle: Buffer.from('no archive') };
      const failing = [await scene.submit(materials.macJob(bad)), await scene.submit(materials.macJob(bad))];
      const good = [
        await scene.submit(materials.macJob()),
        await scene.submit(materials.iosJob()),
        await scene.submit(materials.macJob()),
      ];
      open();
      await Promise.all([...failing, ...good].map((job) => scene.completed(job)));
      await scene.idle();
      for (const job of good) expectGoodConversation(scene.hub, job);
      for (const job of failing) expectOneComplete(scene.hub.messages(job));
      const places = good
        .flatMap((job) => scene.hub.messages(job))
        .filter(({ type }) => type === 'queue_update');
      expect(places.map(({ position }) => position)).toEqual(expect.arrayContaining([1, 2]));
      expect(machines).toMatchObject({ most: 1, alive: 0 });
    }));
});

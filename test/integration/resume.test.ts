import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedHub, startEmbeddedHub } from '../../src/embedded-hub/embedded-hub.ts';
import { patience, settingsFor, WORKER_SECRET } from '../helpers/daemon.ts';
import { strangersIn } from '../helpers/leak-check.ts';
import { type SecretWatch, watchCredentials, watchSecrets } from '../helpers/secret-watch.ts';
import { type Apple, type AppleRoom, expectStapled, openAppleRoom, submissionsOf } from './apple-room.ts';
import { type RunningCli, startCli } from './cli.ts';
import { expectOneComplete } from './judges.ts';

let apples: AppleRoom;
beforeAll(async () => {
  apples = await openAppleRoom();
});
afterAll(() => apples.leave());

interface Interrupted extends Apple {
  readonly hub: EmbeddedHub;
  readonly state: string;
  readonly secrets: SecretWatch;
  readonly jobId: string;
  start(): RunningCli;
}

/** A hub with one job that is to be notarized, and the settings of a daemon that is killed on its way. */
async function withJob(work: (scene: Interrupted) => Promise<void>): Promise<void> {
  const room = await mkdtemp(join(apples.folder, 'resume-'));
  await mkdir(join(room, 'hub'));
  const hub = await startEmbeddedHub({ workerSecret: WORKER_SECRET, directory: join(room, 'hub') });
  const apple = await apples.startApple({ notary: { pollsBeforeVerdict: 1 } });
  const secrets = watchSecrets();
  try {
    const env = { ...(await settingsFor(hub, room)), ...apple.env, PERRY_LOG_LEVEL: 'debug' };
    const job = apples.materials.macJob({
      manifest: { macos_distribute: 'notarize' },
      credentials: apples.apiKey,
    });
    watchCredentials(secrets, job);
    const jobId = await hub.submitJob(job);
    await work({
      ...apple,
      hub,
      state: join(room, 'state'),
      secrets,
      jobId,
      start: () => startCli(env, 'run'),
    });
    expect(apple.apple.violations).toEqual([]);
    expect(hub.violations).toEqual([]);
    expect(secrets.findings).toEqual([]);
  } finally {
    await hub.stop();
    await apple.apple.stop();
    await rm(room, { recursive: true, force: true });
  }
}

/** Kills a daemon when its log has told these states, in this order. */
async function killedAt({ start, secrets, state }: Interrupted, ...states: readonly RegExp[]): Promise<void> {
  const killed = start();
  const left = [...states];
  await new Promise<void>((resolve, reject) => {
    killed.onLine((line) => {
      if (left[0]?.test(line)) left.shift();
      if (left.length > 0) return;
      killed.signal('SIGKILL');
      resolve();
    });
    void killed.ended.then(() => reject(new Error(`it ended without ${left.join(', ')}`)));
  });
  await killed.ended;
  await secrets.lookInFiles('what the killed one left', state);
}

/** The next daemon ends the job, and signs no app for it. */
async function expectResumed({ hub, state, jobId, start }: Interrupted): Promise<void> {
  const next = start();
  expect(await hub.completed(jobId, patience())).toMatchObject({ success: true });
  next.signal('SIGTERM');
  expect(await next.ended).toBe(0);
  expect(next.lines.join('\n')).not.toContain('codesigning');
  expectOneComplete(hub.messages(jobId));
  expect(await strangersIn(state)).toEqual([]);
  expect(await readdir(join(state, 'journal', 'artifacts'))).toEqual([]);
}

const JUDGING = /awaitingVerdict.*pausing/;
const REMADE = /checkingRemade/;
const moments: Record<string, readonly RegExp[]> = {
  'while Apple judges the app': [JUDGING],
  'when Apple has accepted the app': [JUDGING, /fetchingTicket|concluding/],
  'when the app has got its ticket': [JUDGING, /updatingBundle/],
  'while the image is made anew': [JUDGING, /packagingAnew/],
  'when the image was made anew, and not kept yet': [REMADE],
  'when the new image is about to be submitted': [REMADE, /keepingArtifact/],
  'while Apple judges the new image': [REMADE, JUDGING],
  'when the new image has got its ticket': [REMADE, /checkingStapled/],
  'while the image is delivered': [REMADE, /"delivering"/],
};

describe('a daemon that is killed: the next one signs no app anew, and submits nothing again', () => {
  test.each(Object.entries(moments))('%s', (_, states) =>
    withJob(async (scene) => {
      await killedAt(scene, ...states);
      await expectResumed(scene);
      expect(submissionsOf(scene)).toEqual([
        [1, 'Accepted'],
        [1, 'Accepted'],
      ]);
      await expectStapled(scene, scene.jobId);
    }),
  );

  test('in every life, three times in a row', () =>
    withJob(async (scene) => {
      await killedAt(scene, JUDGING);
      await killedAt(scene, /restoringApp/);
      await killedAt(scene, /packagingAnew/);
      await expectResumed(scene);
      expect(submissionsOf(scene)).toHaveLength(2);
      await expectStapled(scene, scene.jobId);
    }));
});

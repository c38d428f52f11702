import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { macDemoApp } from '../../src/demo/bundles/index.ts';
import { throwawayProfileRootPem } from '../../src/demo/throwaway-identity.ts';
import { startTimestampAuthority } from '../../src/demo/timestamp-authority.ts';
import { verifyArtifact } from '../../src/verify/verify-artifact.ts';
import { type StoreOptions, StoreService } from '../apple-simulator/app-store-connect.ts';
import {
  type AppleSimulator,
  type AppleSimulatorOptions,
  startAppleSimulator,
} from '../apple-simulator/apple-simulator.ts';
import { patience, type Scene, type SceneOptions, WORKER_SECRET, withScene } from '../helpers/daemon.ts';
import { connectWorker } from '../helpers/hub.ts';
import { apiIssuerId, apiKeyId, makeApiKey } from '../helpers/notary-room.ts';
import { expectOneComplete } from './judges.ts';
import { type Materials, makeMaterials } from './materials.ts';

export interface World extends Scene {
  readonly apple: AppleSimulator;
  readonly store: StoreService;
}

export type AppleOptions = Omit<AppleSimulatorOptions, 'apiKeys'> & {
  readonly store?: Partial<StoreOptions>;
};
export type WorldOptions = AppleOptions & { readonly scene?: SceneOptions };

export interface Apple {
  readonly apple: AppleSimulator;
  readonly store: StoreService;
  readonly env: Readonly<Record<string, string>>;
}

/** What the tests of whole jobs that go to Apple have in common. */
export interface AppleRoom {
  readonly folder: string;
  readonly materials: Materials;
  /** Credentials for notary service and store. */
  readonly apiKey: Readonly<Record<string, string>>;
  /** Apple alone, and the settings of a worker that goes to it. */
  startApple(options?: AppleOptions): Promise<Apple>;
  /** The whole daemon, and Apple beside it. */
  withApple(options: WorldOptions, run: (world: World) => Promise<void>): Promise<void>;
  leave(): Promise<void>;
}

const APPS = [
  { id: '6443210987', bundleId: 'com.example.perrydemo' },
  { id: '6443210988', bundleId: macDemoApp.bundleId },
];

export async function openAppleRoom(): Promise<AppleRoom> {
  const folder = await mkdtemp(join(tmpdir(), 'perry-apple-jobs-'));
  const [materials, authority] = await Promise.all([
    makeMaterials(join(folder, 'materials')),
    startTimestampAuthority(),
  ]);
  const roots = join(folder, 'roots.pem');
  await writeFile(roots, throwawayProfileRootPem());
  const key = makeApiKey();
  const startApple = async ({ store: options, ...apples }: AppleOptions = {}): Promise<Apple> => {
    const store = new StoreService({ apps: APPS, partBytes: 5_000, judgesIcons: true, ...options });
    const apple = await startAppleSimulator({ ...apples, apiKeys: [key.known], services: [store.service] });
    const env = { ...apple.env, PERRY_TIMESTAMP_URL: authority.url, PERRY_TRUST_ROOTS: roots };
    return { apple, store, env };
  };
  return {
    folder,
    materials,
    startApple,
    apiKey: { apple_key_id: apiKeyId, apple_issuer_id: apiIssuerId, apple_p8_key: key.privateKeyPem },
    withApple: async ({ scene: sceneOptions, ...options }, run) => {
      const { apple, store, env: addresses } = await startApple(options);
      const env = { ...addresses, ...sceneOptions?.env };
      try {
        await withScene({ secrets: materials.secrets, ...sceneOptions, env }, (scene) =>
          act(Object.assign(scene, { apple, store }), run),
        );
        expect(apple.violations).toEqual([]);
      } finally {
        await apple.stop();
      }
    },
    leave: async () => {
      await authority.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function act(world: World, run: (world: World) => Promise<void>): Promise<void> {
  const { apple, secrets, log } = world;
  await world.linked();
  await run(world);
  for (const { grant } of apple.submissions)
    for (const secret of [grant.secretAccessKey, grant.sessionToken])
      secrets.add('a permission to upload', secret);
  secrets.look('the log', log.join(''));
}

/** The hub takes the job back and gives it to another worker, who leaves; the store has spoken meanwhile. */
export async function lendToAnother(world: World): Promise<void> {
  const { hub, store } = world;
  hub.dropAllSockets();
  await hub.until(() => (hub.workers().length === 0 ? true : undefined), patience());
  // the hub leaves the count of a worker that went behind for the next one: room for two
  const other = await connectWorker(hub, { secret: WORKER_SECRET, name: 'the other', maxConcurrent: 2 });
  await other.assignment(1);
  await world.idle();
  for (const upload of store.uploads) upload.pollsLeft = 0;
  other.socket.close();
}

export const linesOf = ({ hub }: Scene, jobId: string): string[] =>
  hub
    .messages(jobId)
    .filter(({ type }) => type === 'log')
    .map(({ line }) => String(line));

/** The delivered image is the one that Apple saw last, plus its ticket; the app on it carries one as well, or not. */
export async function expectStapled(
  { hub, apple }: Pick<World, 'hub' | 'apple'>,
  jobId: string,
  stapledApp = true,
): Promise<void> {
  const path = hub.artifact(jobId)?.path ?? '';
  const { findings, warnings, stapledTicket, apps } = await verifyArtifact(path, { signal: patience() });
  expect([findings, warnings]).toEqual([[], []]);
  expect(stapledTicket).toBe(true);
  expect(apps.map((app) => app.stapledTicket)).toEqual([stapledApp]);
  expect(hub.artifact(jobId)?.sha256Hex).not.toBe(apple.submissions.at(-1)?.sha256);
}

/** What became of each submission: how often its file was stored, and Apple's verdict. */
export const submissionsOf = ({ apple }: Pick<World, 'apple'>) =>
  apple.submissions.map(({ uploads, status }) => [uploads, status]);

export async function expectFailed(world: World, jobId: string, error: RegExp): Promise<void> {
  expect(await world.completed(jobId)).toMatchObject({ success: false, error: expect.stringMatching(error) });
  expect(world.hub.artifact(jobId)).toBeUndefined();
  expectOneComplete(world.hub.messages(jobId));
  expect(world.hub.messages(jobId).filter(({ type }) => type === 'error')).toHaveLength(1);
}

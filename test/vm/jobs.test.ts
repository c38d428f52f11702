import { mkdir, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { beginScene, type Performance } from '../helpers/daemon.ts';
import { type GuardedAuthority, startGuardedAuthority } from '../helpers/guarded-authority.ts';
import { withMachines } from '../helpers/qemu-scene.ts';
import { TEST_IMAGES_DIR, whyNoMachines } from '../helpers/qemu-vm.ts';
import {
  type Apple,
  type AppleRoom,
  expectStapled,
  linesOf,
  openAppleRoom,
} from '../integration/apple-room.ts';
import {
  adHocJob,
  judgeAdHoc,
  judgeDemoIos,
  judgeDemoMac,
  judgeProfile,
  judgeRichIos,
  profileJob,
  richIosJob,
} from '../integration/held-bundles.ts';
import { expectGoodConversation, missingPrograms } from '../integration/judges.ts';
import { judgeRichMac, richMacJob } from '../integration/rich-mac-app.ts';

const missing = await missingPrograms();
const why = whyNoMachines() ?? (missing.length > 0 ? `missing: ${missing}` : undefined);

let room: AppleRoom;
let apple: Apple;
let authority: GuardedAuthority;
let stage: Performance;
/** By the title of its test. */
const jobIds = new Map<string, string>();

const titles = [
  'a macOS app',
  'an iOS app',
  'a macOS app with everything in it',
  'an iOS app with an extension and a framework',
  'a macOS app without a certificate',
  'a macOS app with a profile',
  'a macOS app that is notarized',
] as const;

/** All at the beginning: two machines are busy all the time, and the hub lets the others wait. */
async function submitAll(): Promise<void> {
  const { materials, folder, apiKey } = room;
  const notarized = { manifest: { macos_distribute: 'notarize' }, credentials: apiKey };
  const jobs: Record<(typeof titles)[number], Parameters<Performance['scene']['submit']>[0]> = {
    'a macOS app': materials.macJob(),
    'an iOS app': materials.iosJob(),
    'a macOS app with everything in it': await richMacJob(materials, folder),
    'an iOS app with an extension and a framework': await richIosJob(materials, folder),
    'a macOS app without a certificate': adHocJob(materials),
    'a macOS app with a profile': profileJob(materials, { ProvisionsAllDevices: true }),
    'a macOS app that is notarized': materials.macJob(notarized),
  };
  for (const title of titles) jobIds.set(title, await stage.scene.submit(jobs[title]));
}

describe.skipIf(why !== undefined)(`whole jobs in real machines${why ? ` (${why})` : ''}`, () => {
  beforeAll(async () => {
    [room, authority] = await Promise.all([openAppleRoom(), startGuardedAuthority()]);
    apple = await room.startApple();
    const env = { ...apple.env, PERRY_TIMESTAMP_URL: authority.url };
    stage = await beginScene(withMachines({ env, secrets: room.materials.secrets }));
    await stage.scene.linked();
    await submitAll();
  });
  afterAll(async () => {
    await apple?.apple.stop();
    await authority?.stop();
    await room?.leave();
  });

  const judges: Record<(typeof titles)[number], (artifact: string, dir: string) => Promise<void>> = {
    'a macOS app': (dmg, dir) => judgeDemoMac(dmg, dir, room.materials),
    'an iOS app': (ipa, dir) => judgeDemoIos(ipa, dir, room.materials),
    'a macOS app with everything in it': judgeRichMac,
    'an iOS app with an extension and a framework': judgeRichIos,
    'a macOS app without a certificate': judgeAdHoc,
    'a macOS app with a profile': (dmg, dir) => judgeProfile(dmg, join(dir, 'dmg')),
    'a macOS app that is notarized': (dmg, dir) => judgeDemoMac(dmg, dir, room.materials),
  };

  test.each(titles)('%s', async (title) => {
    const { scene } = stage;
    const jobId = jobIds.get(title) ?? '';
    expect(await scene.completed(jobId)).toMatchObject({ success: true });
    const isNotarized = title === 'a macOS app that is notarized';
    expectGoodConversation(scene.hub, jobId, isNotarized ? NOTARIZED : undefined);
    if (isNotarized) await expectStapled({ ...scene, ...apple }, jobId);
    await expectOwnKernel(linesOf(scene, jobId));
    const dir = join(scene.folder, jobId);
    await mkdir(dir);
    await judges[title](scene.hub.artifact(jobId)?.path ?? '', dir);
  });

  test('the time stamps came through the worker: nothing in a machine asked by itself', () => {
    expect(authority.askers.length).toBeGreaterThanOrEqual(titles.length);
    expect(new Set(authority.askers)).toEqual(new Set(['perry-ship']));
  });

  test('nothing is left: no process, no clone, no file, no record of a machine', async () => {
    await stage.scene.idle();
    await stage.end();
    expect(apple.apple.violations).toEqual([]);
  });
});

const NOTARIZED = [
  ...['extracting', 'generating_assets', 'signing', 'packaging'],
  ...['notarizing', 'packaging', 'notarizing', 'uploading'],
];

/** The kernel is that of the golden image, and not the one of this host. */
async function expectOwnKernel(lines: readonly string[]): Promise<void> {
  const facts = JSON.parse(await readFile(join(TEST_IMAGES_DIR, 'perry-ship-golden', 'image.json'), 'utf8'));
  const said = lines.filter((line) => line.startsWith('The machine runs '));
  expect(said).toEqual([expect.stringContaining(`Linux ${facts.kernelRelease} `)]);
  expect(said[0]).not.toContain(`Linux ${release()} `);
}

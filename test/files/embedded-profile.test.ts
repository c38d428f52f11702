import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectBundle } from '../../src/files/bundle/index.ts';
import { embedProfile } from '../../src/run/steps/embed-profile.ts';
import type { StepScope } from '../../src/run/steps/step.ts';
import { type AppleLike, openAppleLike } from '../helpers/apple-like.ts';
import { infoPlist, makeIosApp, nestedFlat } from '../helpers/bundles.ts';
import { buildMachO } from '../helpers/macho.ts';

let apple: AppleLike;
let dir: string;
beforeAll(async () => {
  apple = openAppleLike();
  dir = await mkdtemp(join(tmpdir(), 'embedded-profile-'));
});
afterAll(async () => {
  apple.workshop.remove();
  await rm(dir, { recursive: true });
});

const extension = (name: string, bundleId: string) => nestedFlat(`PlugIns/${name}.appex`, { bundleId, name });

/** An app with an extension that the wildcard covers, one that it does not, one with a profile, and a framework. */
async function embedded(profile: Buffer): Promise<(path: string) => Promise<string | undefined>> {
  const appPath = await makeIosApp(await mkdtemp(join(dir, 'app-')), {
    files: {
      ...extension('W', 'com.example.hello.w'),
      ...extension('O', 'com.other.o'),
      ...extension('P', 'com.example.hello.p'),
      'PlugIns/P.appex/embedded.mobileprovision': 'its own',
      'Frameworks/F.framework/Info.plist': infoPlist({
        CFBundleIdentifier: 'com.example.f',
        CFBundleExecutable: 'F',
      }),
      'Frameworks/F.framework/F': buildMachO({ platform: 'ios', minimumOs: '17.0', fileType: 'dylib' }),
    },
  });
  const { signal } = new AbortController();
  const facts = await inspectBundle(appPath, { target: 'ios-sign', signal });
  const results = { credentials: { profile }, found: { appPath }, facts };
  await embedProfile({ results } as unknown as StepScope);
  return async (path) => {
    const bytes = await readFile(join(appPath, path, 'embedded.mobileprovision')).catch(() => undefined);
    return bytes?.equals(profile) ? 'the given one' : bytes?.toString('latin1').slice(0, 20);
  };
}

test('a wildcard profile goes into the app, and into the extensions that it covers and that have none', async () => {
  const at = await embedded(apple.profile({ bundleId: 'com.example.*' }));
  expect(await Promise.all(['', 'PlugIns/W.appex', 'PlugIns/O.appex', 'PlugIns/P.appex'].map(at))).toEqual([
    ...['the given one', 'the given one', undefined, 'its own'],
  ]);
  expect(await at('Frameworks/F.framework')).toBeUndefined();
});

test('a profile for the app alone goes nowhere else', async () => {
  const at = await embedded(apple.profile());
  expect([await at(''), await at('PlugIns/W.appex')]).toEqual(['the given one', undefined]);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CredentialsSummary } from '../../src/domain/credentials/index.ts';
import type { Manifest } from '../../src/domain/manifest/index.ts';
import { parseManifest } from '../../src/domain/manifest/index.ts';
import { artifactName, planJob, requireServed, type SignPlan } from '../../src/domain/plan.ts';
import { ShipError } from '../../src/errors.ts';

const base = { app_name: 'Tide Clock', bundle_id: 'com.example.tide', version: '1' };
const macos = (macos_distribute?: string): Manifest =>
  parseManifest({ ...base, targets: ['macos-sign'], macos_distribute });
const ios = (ios_distribute?: string): Manifest =>
  parseManifest({ ...base, targets: ['ios-sign'], ios_distribute });

type Credential = 'main' | 'notarize' | 'installer' | 'profile' | 'api';
const having = (...names: Credential[]): CredentialsSummary => ({
  hasMainP12: names.includes('main'),
  hasNotarizeP12: names.includes('notarize'),
  hasInstallerP12: names.includes('installer'),
  hasProfile: names.includes('profile'),
  hasApiKey: names.includes('api'),
});

const direct = {
  platform: 'macos',
  container: 'dmg',
  distribution: 'direct',
  hardenedRuntime: true,
  timestamp: 'direct',
  embedsProfile: false,
  wantsStore: false,
  wantsNotarization: false,
};
const store = {
  ...direct,
  distribution: 'store',
  hardenedRuntime: false,
  timestamp: 'store',
  wantsStore: true,
};
const phone = {
  platform: 'ios',
  container: 'ipa',
  distribution: 'direct',
  identity: 'supplied',
  p12: 'main',
  hardenedRuntime: false,
  timestamp: 'store',
  embedsProfile: false,
  wantsStore: false,
  wantsNotarization: false,
};

const table: [string, Manifest, CredentialsSummary, object][] = [
  ['macOS, nothing at all', macos(), having(), { ...direct, identity: 'adhoc' }],
  ['macOS, only a profile', macos(), having('profile'), { ...direct, identity: 'adhoc' }],
  ['macOS, a p12', macos(), having('main'), { ...direct, identity: 'supplied', p12: 'main' }],
  [
    'macOS, a p12 and a profile',
    macos(),
    having('main', 'profile'),
    { ...direct, identity: 'supplied', p12: 'main' },
  ],
  [
    'macOS, a p12 and an API key',
    macos(),
    having('main', 'api'),
    { ...direct, identity: 'supplied', p12: 'main', wantsNotarization: true },
  ],
  [
    'macOS notarize',
    macos('notarize'),
    having('main', 'notarize', 'profile'),
    { ...direct, identity: 'supplied', p12: 'main', wantsNotarization: true },
  ],
  [
    'macOS appstore',
    macos('appstore'),
    having('main', 'profile'),
    { ...store, identity: 'supplied', p12: 'main', embedsProfile: true },
  ],
  [
    'macOS testflight, no profile',
    macos('testflight'),
    having('main'),
    { ...store, identity: 'supplied', p12: 'main' },
  ],
  [
    'macOS both',
    macos('both'),
    having('main', 'notarize', 'profile'),
    { ...direct, identity: 'supplied', p12: 'notarize', wantsNotarization: true, wantsStore: true },
  ],
  ['iOS, build only', ios(), having('main'), phone],
  ['iOS, build only, an API key from the global configuration', ios(), having('main', 'api'), phone],
  ['iOS, build only with a profile', ios(), having('main', 'profile'), { ...phone, embedsProfile: true }],
  [
    'iOS testflight',
    ios('testflight'),
    having('main', 'profile'),
    { ...phone, embedsProfile: true, distribution: 'store', wantsStore: true },
  ],
];

test.each(table)('%s', (_, manifest, credentials, plan) => {
  expect(planJob(manifest, credentials)).toEqual(plan);
});

test.each([
  ['iOS without a p12', ios(), having('profile')],
  ['iOS appstore without a p12', ios('appstore'), having()],
  ['macOS notarize without a p12', macos('notarize'), having('api')],
  ['macOS unset, API key, without a p12', macos(), having('api')],
  ['macOS appstore without a p12', macos('appstore'), having()],
  ['macOS both without the Developer ID p12', macos('both'), having('main')],
  ['macOS both without the distribution p12', macos('both'), having('notarize')],
] as const)('%s cannot be signed', (_, manifest, credentials) => {
  expect(() => planJob(manifest, credentials)).toThrow(
    expect.objectContaining({
      failure: expect.objectContaining({ code: 'CREDENTIAL_MISSING', kind: 'input' }),
    }),
  );
});

describe('what is served', () => {
  const codeOf = (plan: SignPlan): string | undefined => {
    try {
      requireServed(plan);
      return undefined;
    } catch (error) {
      return error instanceof ShipError ? `${error.failure.kind} ${error.code}` : 'other';
    }
  };

  test.each([
    [macos(), having(), undefined],
    [macos(), having('main'), undefined],
    [ios(), having('main'), undefined],
    [macos('notarize'), having('main'), 'host NOTARIZATION_NOT_SUPPORTED'],
    [macos('appstore'), having('main'), 'host STORE_UPLOAD_NOT_SUPPORTED'],
    [ios('appstore'), having('main'), 'host STORE_UPLOAD_NOT_SUPPORTED'],
  ] as const)('%#', (manifest, credentials, code) => {
    expect(codeOf(planJob(manifest, credentials))).toBe(code);
  });
});

describe('artifactName', () => {
  test.each([
    ['Tide Clock', 'Tide_Clock-j1.dmg'],
    ['Café Über', 'Cafe_Uber-j1.dmg'],
    ['天気', 'app-j1.dmg'],
    ['...', 'app-j1.dmg'],
    ['-rf', 'rf-j1.dmg'],
    ['macos-precompiled', 'macos-j1.dmg'],
  ])('%j gives %s', (appName, expected) => {
    expect(artifactName({ appName }, 'j1', 'dmg')).toBe(expected);
  });

  test('is always plain and safe', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (appName, jobId) => {
        const name = artifactName({ appName }, jobId, 'ipa');
        expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*\.ipa$/);
        expect(name.replace(/\.ipa$/, '')).not.toMatch(/-precompiled$/i);
      }),
    );
  });
});

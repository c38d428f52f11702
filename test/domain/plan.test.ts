import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CredentialsSummary } from '../../src/domain/credentials/index.ts';
import type { Manifest } from '../../src/domain/manifest/index.ts';
import { parseManifest } from '../../src/domain/manifest/index.ts';
import { artifactName, endingOf, planJob, requireApiKey } from '../../src/domain/plan.ts';

const base = { app_name: 'Tide Clock', bundle_id: 'com.example.tide', version: '1' };
const macos = (macos_distribute?: string): Manifest =>
  parseManifest({ ...base, targets: ['macos-sign'], macos_distribute });
const packaged = (macos_distribute?: string): Manifest =>
  parseManifest({ ...base, targets: ['macos-sign'], macos_distribute, macos_package: 'PKG' });
const ios = (ios_distribute?: string): Manifest =>
  parseManifest({ ...base, targets: ['ios-sign'], ios_distribute });

type Credential = 'main' | 'notarize' | 'installer' | 'profile' | 'developerIdProfile' | 'api';
const having = (...names: Credential[]): CredentialsSummary => ({
  hasMainP12: names.includes('main'),
  hasNotarizeP12: names.includes('notarize'),
  hasInstallerP12: names.includes('installer'),
  hasProfile: names.includes('profile') || names.includes('developerIdProfile'),
  hasDeveloperIdProfile: names.includes('developerIdProfile'),
  hasApiKey: names.includes('api'),
  apiKeyLacks: names.includes('api') ? [] : ['apple_issuer_id', 'apple_p8_key'],
});

const pass = { notarizes: false, staples: [], publishes: false, delivers: true };
const profile = { takesProfile: true, embedsProfile: false };
const direct = {
  ...pass,
  ...profile,
  container: 'dmg',
  distribution: 'direct',
  identity: 'supplied',
  purpose: 'macos-direct',
  p12: 'main',
  hardenedRuntime: true,
  timestamp: 'direct',
};
const { p12: _, ...unsigned } = direct;
const adHoc = { ...unsigned, identity: 'adhoc' };
const notarized = { ...direct, purpose: 'macos-notarized', notarizes: true, staples: ['app', 'image'] };
/** With `both` the profile is that of the other pass. */
const alsoNotarized = { ...notarized, p12: 'notarize', takesProfile: false };
const store = {
  ...direct,
  container: 'pkg',
  distribution: 'store',
  purpose: 'macos-store',
  installerPurpose: 'macos-store-installer',
  hardenedRuntime: false,
  timestamp: 'store',
  publishes: true,
};
const inPackage = { container: 'pkg', installerPurpose: 'macos-direct-installer' };
const phone = {
  ...direct,
  purpose: 'ios-direct',
  container: 'ipa',
  hardenedRuntime: false,
  timestamp: 'store',
};
const phoneStore = {
  ...phone,
  purpose: 'ios-store',
  embedsProfile: true,
  distribution: 'store',
  publishes: true,
};

const table: [string, Manifest, CredentialsSummary, object[]][] = [
  ['macOS, nothing at all', macos(), having(), [adHoc]],
  ['macOS, only a profile', macos(), having('profile'), [adHoc]],
  ['macOS, a p12', macos(), having('main'), [direct]],
  ['macOS, a p12 and a profile', macos(), having('main', 'profile'), [direct]],
  ['macOS, a p12 and an API key', macos(), having('main', 'api'), [notarized]],
  ['macOS notarize', macos('notarize'), having('main', 'notarize', 'profile'), [notarized]],
  [
    'macOS notarize, a profile for Developer ID',
    macos('notarize'),
    having('main', 'developerIdProfile'),
    [{ ...notarized, embedsProfile: true }],
  ],
  ['macOS, ad hoc: nobody may carry a profile', macos(), having('developerIdProfile'), [adHoc]],
  ['macOS appstore', macos('appstore'), having('main', 'profile'), [{ ...store, embedsProfile: true }]],
  ['macOS appstore, an installer', macos('appstore'), having('main', 'installer'), [store]],
  ['macOS testflight, no profile', macos('testflight'), having('main'), [store]],
  ['macOS testflight', macos('testflight'), having('main', 'profile'), [{ ...store, embedsProfile: true }]],
  [
    'macOS both: the profile is for the store alone, and the image is what is delivered',
    macos('both'),
    having('main', 'notarize', 'profile'),
    [alsoNotarized, { ...store, embedsProfile: true, delivers: false }],
  ],
  [
    'macOS both, no profile',
    macos('both'),
    having('main', 'notarize'),
    [alsoNotarized, { ...store, delivers: false }],
  ],
  ['macOS in a package, nothing at all', packaged(), having(), [{ ...adHoc, ...inPackage }]],
  ['macOS in a package, a p12', packaged(), having('main'), [{ ...direct, ...inPackage }]],
  [
    'macOS notarize, in a package: the package has the one ticket',
    packaged('notarize'),
    having('main', 'installer'),
    [{ ...notarized, ...inPackage, staples: ['image'] }],
  ],
  ['macOS appstore is in a package anyway', packaged('appstore'), having('main'), [store]],
  [
    'macOS both, in packages',
    packaged('both'),
    having('main', 'notarize'),
    [
      { ...alsoNotarized, ...inPackage, staples: ['image'] },
      { ...store, delivers: false },
    ],
  ],
  ['iOS, build only', ios(), having('main'), [phone]],
  ['iOS, build only, an API key from the global configuration', ios(), having('main', 'api'), [phone]],
  ['iOS, build only with a profile', ios(), having('main', 'profile'), [{ ...phone, embedsProfile: true }]],
  ['iOS testflight', ios('testflight'), having('main', 'profile'), [phoneStore]],
  ['iOS appstore', ios('appstore'), having('main', 'profile'), [phoneStore]],
];

test.each(table)('%s', (_, manifest, credentials, passes) => {
  const wish = manifest.macosDistribute ?? manifest.iosDistribute;
  const isNotarized = manifest.platform === 'macos' && credentials.hasApiKey;
  const destination = wish ?? (isNotarized ? 'notarize' : 'package');
  expect(planJob(manifest, credentials)).toEqual({
    platform: manifest.platform,
    destination,
    passes,
  });
});

test.each([
  [undefined, 'twice', ['app', 'image']],
  [undefined, 'once', ['image']],
  ['once', 'twice', ['image']],
  ['Twice', 'once', ['app', 'image']],
] as const)('notarize %s in the manifest of a worker that notarizes %s', (notarize, setting, staples) => {
  const manifest = parseManifest({ ...base, targets: ['macos-sign'], macos_distribute: 'both', notarize });
  const [first, second] = planJob(manifest, having('main', 'notarize'), setting).passes;
  expect([first.staples, second?.staples]).toEqual([staples, []]);
});

test('whatever is wished, the artifact of exactly one pass is delivered', () => {
  for (const [, manifest, credentials] of table)
    expect(planJob(manifest, credentials).passes.filter(({ delivers }) => delivers)).toHaveLength(1);
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

describe('an App Store Connect key', () => {
  const codeOf = (manifest: Manifest, credentials: CredentialsSummary): string => {
    try {
      requireApiKey(planJob(manifest, credentials), credentials);
      return 'not missed';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each([
    [macos(), having()],
    [macos(), having('main')],
    [ios(), having('main')],
    [macos(), having('main', 'api')],
    [macos('notarize'), having('main', 'api')],
    [ios('testflight'), having('main', 'api')],
    [macos('both'), having('main', 'notarize', 'api')],
  ] as const)('%# is not missed', (manifest, credentials) => {
    expect(codeOf(manifest, credentials)).toBe('not missed');
  });

  test.each([
    [macos('notarize'), having('main')],
    [macos('appstore'), having('main')],
    [ios('appstore'), having('main')],
    [ios('testflight'), having('main')],
    [macos('both'), having('main', 'notarize')],
  ] as const)('%# is missed, and its fields are named', (manifest, credentials) => {
    expect(codeOf(manifest, credentials)).toMatch(/apple_issuer_id, apple_p8_key/);
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

test('of two packages the one that is not delivered has a name of its own', () => {
  const endings = (manifest: Manifest) => {
    const plan = planJob(manifest, having('main', 'notarize'));
    return plan.passes.map((each) => endingOf(plan, each));
  };
  expect(endings(packaged('both'))).toEqual(['pkg', 'store.pkg']);
  expect(endings(macos('both'))).toEqual(['dmg', 'pkg']);
  expect(endings(packaged('appstore'))).toEqual(['pkg']);
});

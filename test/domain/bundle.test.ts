import { describe, expect, test } from 'vitest';
import {
  compareOsVersions,
  isOsVersion,
  type MergeInput,
  mergeInfoPlist,
} from '../../src/domain/bundle/index.ts';
import { nestedPlaces } from '../../src/domain/bundle/nested-places.ts';
import { iosIconKeys, macIconKeys } from '../../src/domain/icons/index.ts';
import { newDict, PlistReal, type PlistValue } from '../../src/formats/plist/index.ts';

const dict = (entries: Record<string, PlistValue>) => newDict(Object.entries(entries));
const compiled = dict({
  CFBundleExecutable: 'Hello',
  CFBundleIdentifier: 'com.example.hello',
  CFBundleVersion: '1',
  LSMinimumSystemVersion: '13.0',
  Custom: new PlistReal(2),
});
const merge = (input: Partial<MergeInput>) =>
  mergeInfoPlist({ info: compiled, platform: 'macos', hasAssetsCar: false, ...input });

describe('merging Info.plist for macOS', () => {
  test('adds what is missing and says so', () => {
    const { info, changes } = merge({
      displayName: 'Héllo',
      category: 'public.app-category.games',
      iconKeys: macIconKeys(),
    });
    expect(info).toEqual({
      ...compiled,
      CFBundleDisplayName: 'Héllo',
      CFBundleIconFile: 'AppIcon',
      CFBundleInfoDictionaryVersion: '6.0',
      CFBundlePackageType: 'APPL',
      CFBundleSupportedPlatforms: ['MacOSX'],
      ITSAppUsesNonExemptEncryption: false,
      LSApplicationCategoryType: 'public.app-category.games',
    });
    expect(changes).toMatchInlineSnapshot(`
      [
        "added CFBundleInfoDictionaryVersion = "6.0"",
        "added CFBundlePackageType = "APPL"",
        "added CFBundleSupportedPlatforms = [MacOSX]",
        "added CFBundleDisplayName = "Héllo"",
        "added LSApplicationCategoryType = "public.app-category.games"",
        "added ITSAppUsesNonExemptEncryption = false",
        "added CFBundleIconFile = "AppIcon"",
      ]
    `);
    expect(Object.hasOwn(compiled, 'CFBundleIconFile')).toBe(false);
  });

  test('a second merge changes nothing', () => {
    const input = { displayName: 'H', minimumOsVersion: '14.0', minimumOs: '13.0', iconKeys: macIconKeys() };
    const { info } = merge(input);
    expect(merge({ ...input, info }).changes).toEqual([]);
  });

  test.each([
    ['the default is exempt', undefined, undefined, false],
    ['the default leaves what is there', undefined, true, true],
    ['an explicit answer wins', true, true, false],
    ['not exempt', false, undefined, true],
  ])('encryption: %s', (_, encryptionExempt, present, expected) => {
    const info =
      present === undefined ? compiled : dict({ ...compiled, ITSAppUsesNonExemptEncryption: present });
    const merged = merge({ info, ...(encryptionExempt !== undefined && { encryptionExempt }) });
    expect(merged.info.ITSAppUsesNonExemptEncryption).toBe(expected);
  });

  test.each([
    ['a higher wish is granted', '14.2', '13.0', '14.2'],
    ['an equal one too', '13', '13.0', '13'],
    ['a lower one is not', '11.0', '13.0', '13.0'],
    ['no wish, nothing changes', undefined, '12.0', '13.0'],
    ['nonsense is no wish', 'latest', '12.0', '13.0'],
  ])('minimum system: %s', (_, minimumOsVersion, minimumOs, expected) => {
    const merged = merge({ minimumOs, ...(minimumOsVersion !== undefined && { minimumOsVersion }) });
    expect(merged.info.LSMinimumSystemVersion).toBe(expected);
  });

  test('identity and provenance cannot be changed, not even through the icon keys', () => {
    const iconKeys = dict({
      CFBundleIdentifier: 'x',
      CFBundleExecutable: 'x',
      DTXcode: '1',
      CFBundleIconFile: 'AppIcon',
    });
    const { info } = merge({ iconKeys });
    expect([info.CFBundleIdentifier, info.CFBundleExecutable, info.DTXcode]).toEqual([
      'com.example.hello',
      'Hello',
      undefined,
    ]);
  });
});

describe('merging Info.plist for iOS', () => {
  const info = dict({
    CFBundleIdentifier: 'com.example.hello',
    CFBundleIconName: 'AppIcon',
    CFBundleIconFiles: ['old.png'],
    CFBundleIcons: dict({
      CFBundleAlternateIcons: dict({ Dark: dict({ CFBundleIconFiles: ['Dark'] }) }),
      CFBundlePrimaryIcon: dict({ CFBundleIconFiles: ['Old'] }),
    }),
  });

  test('without an asset catalog the loose icons count, and alternate icons stay', () => {
    const merged = mergeInfoPlist({
      info,
      platform: 'ios',
      hasAssetsCar: false,
      iconKeys: iosIconKeys({ withIpad: true }),
    });
    expect(merged.info).toMatchInlineSnapshot(`
      {
        "CFBundleIcons": {
          "CFBundleAlternateIcons": {
            "Dark": {
              "CFBundleIconFiles": [
                "Dark",
              ],
            },
          },
          "CFBundlePrimaryIcon": {
            "CFBundleIconFiles": [
              "AppIcon20x20",
              "AppIcon29x29",
              "AppIcon40x40",
              "AppIcon60x60",
            ],
          },
        },
        "CFBundleIcons~ipad": {
          "CFBundlePrimaryIcon": {
            "CFBundleIconFiles": [
              "AppIcon20x20",
              "AppIcon29x29",
              "AppIcon40x40",
              "AppIcon60x60",
              "AppIcon76x76",
              "AppIcon83.5x83.5",
            ],
          },
        },
        "CFBundleIdentifier": "com.example.hello",
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundlePackageType": "APPL",
        "CFBundleSupportedPlatforms": [
          "iPhoneOS",
        ],
      }
    `);
  });

  test('with one the icon has a name as well', () => {
    const merged = mergeInfoPlist({
      info,
      platform: 'ios',
      hasAssetsCar: true,
      iconKeys: iosIconKeys({ withIpad: false }),
    });
    expect(merged.info.CFBundleIconName).toBe('AppIcon');
    expect(merged.info.CFBundleIcons).toMatchObject({ CFBundlePrimaryIcon: { CFBundleIconName: 'AppIcon' } });
    expect(merged.info['CFBundleIcons~ipad']).toBeUndefined();
  });

  test('settings of macOS are left out', () => {
    const merged = mergeInfoPlist({
      info: dict({}),
      platform: 'ios',
      hasAssetsCar: false,
      minimumOsVersion: '13.0',
      category: 'x',
      displayName: 'x',
    });
    expect(Object.keys(merged.info).sort()).toEqual([
      'CFBundleInfoDictionaryVersion',
      'CFBundlePackageType',
      'CFBundleSupportedPlatforms',
    ]);
  });
});

test('versions of systems', () => {
  expect(['13', '13.0', '10.15.7', '', '13.', 'v13', '1.2.3.4'].map(isOsVersion)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
  expect(['10.15', '9.3.1', '13', '10.9', '13.0.1'].sort(compareOsVersions)).toEqual([
    '9.3.1',
    '10.9',
    '10.15',
    '13',
    '13.0.1',
  ]);
});

test('places of nested bundles', () => {
  const places = nestedPlaces(
    [
      'Contents/Info.plist',
      'Info.plist',
      'Contents/Resources/Info.plist',
      'Contents/XPCServices/S.xpc/Contents/Info.plist',
      'Contents/Frameworks/K.framework/Versions/A/Resources/Info.plist',
      'Contents/Frameworks/L.framework/Resources/Info.plist',
      'Contents/Resources/R.bundle/Info.plist',
    ],
    'Contents/Info.plist',
  );
  expect(
    places.map(({ path, kind, codeRoot, executableFolder }) => [path, kind, codeRoot, executableFolder]),
  ).toMatchInlineSnapshot(`
    [
      [
        "Contents/Frameworks/K.framework",
        "framework",
        "Contents/Frameworks/K.framework/Versions/A",
        "Contents/Frameworks/K.framework/Versions/A",
      ],
      [
        "Contents/Frameworks/L.framework",
        "framework",
        "Contents/Frameworks/L.framework",
        "Contents/Frameworks/L.framework",
      ],
      [
        "Contents/Resources/R.bundle",
        "bundle",
        "Contents/Resources/R.bundle",
        "Contents/Resources/R.bundle",
      ],
      [
        "Contents/XPCServices/S.xpc",
        "xpc",
        "Contents/XPCServices/S.xpc/Contents",
        "Contents/XPCServices/S.xpc/Contents/MacOS",
      ],
      [
        "Contents/Resources",
        "other",
        "Contents/Resources",
        "Contents/Resources",
      ],
    ]
  `);
});

import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../src/domain/manifest/index.ts';
import { ShipError } from '../../src/errors.ts';

const macos = {
  app_name: 'Tide Clock',
  bundle_id: 'com.example.tide-clock',
  version: '1.2.0',
  entry: 'src/main.ts',
  targets: ['macos-sign'],
};
const ios = { ...macos, version: '42', short_version: '1.2.0', targets: ['ios-sign'] };

function failureOf(raw: unknown): ShipError {
  try {
    parseManifest(raw);
  } catch (error) {
    if (error instanceof ShipError) return error;
    throw error;
  }
  throw new Error('the manifest was accepted');
}

test('a macOS manifest as the hub sends it, with nulls, foreign and unknown fields', () => {
  const manifest = parseManifest({
    ...macos,
    short_version: null,
    icon: 'assets/icon.png',
    category: 'public.app-category.utilities',
    minimum_os_version: '13.0',
    entitlements: ['com.apple.security.network.client', 'com.apple.security.network.client'],
    macos_distribute: null,
    ios_capabilities: ['push-notifications'],
    android_min_sdk: 7,
    a_field_of_tomorrow: { deep: true },
  });
  expect(manifest).toEqual({
    platform: 'macos',
    appName: 'Tide Clock',
    bundleId: 'com.example.tide-clock',
    version: '1.2.0',
    iconConfigured: true,
    category: 'public.app-category.utilities',
    minimumOsVersion: '13.0',
    entitlements: ['com.apple.security.network.client'],
    iosDeviceFamily: [],
    iconVariants: {},
    iosCapabilities: [],
  });
});

test('an iOS manifest ignores what is for macOS, even when it is broken', () => {
  const manifest = parseManifest({
    ...ios,
    category: 7,
    minimum_os_version: 'ten',
    entitlements: ['com.apple.security.app-sandbox'],
    macos_distribute: 'nowhere',
    ios_distribute: 'TestFlight',
    ios_deployment_target: '17.0',
    ios_device_family: ['iphone', 'iPad'],
    ios_capabilities: ['push-notifications', 'camera'],
  });
  expect(manifest).toMatchObject({
    platform: 'ios',
    entitlements: [],
    iosDistribute: 'testflight',
    iosDeploymentTarget: '17.0',
    iosDeviceFamily: ['iphone', 'ipad'],
    iosCapabilities: ['push-notifications', 'camera'],
  });
  expect(manifest).not.toHaveProperty('category');
  expect(manifest).not.toHaveProperty('macosDistribute');
});

test('variants of the icon are those of iOS alone, and only what is named', () => {
  const variants = { icon_dark: 'art/dark.png', icon_tinted: ' ' };
  expect(parseManifest({ ...macos, targets: ['ios-sign'], ...variants }).iconVariants).toEqual({
    dark: 'art/dark.png',
  });
  expect(parseManifest({ ...macos, ...variants }).iconVariants).toEqual({});
  expect(failureOf({ ...macos, targets: ['ios-sign'], icon_dark: 7 }).message).toContain('icon_dark');
});

test.each(['Tide Clock', 'Überwetter', '天気', 'a', 'x_y-z 2', 'Cafe\u0301'])(
  'the app name %j is legal',
  (name) => {
    expect(parseManifest({ ...macos, app_name: name }).appName).toBe(name);
  },
);

test.each(['.', '..', '../evil', 'a/b', 'a\\b', 'a\0b', 'a\nb', '', '   ', 'My.App', 'ä'.repeat(101), 'a<b'])(
  'the app name %j is refused',
  (name) => {
    expect(failureOf({ ...macos, app_name: name }).failure).toMatchObject({
      code: 'MANIFEST_INVALID',
      kind: 'input',
    });
  },
);

test.each(['com..example', '.com', 'com.', '..', 'com/example', 'a b', '', '../x'])(
  'the bundle id %j is refused',
  (bundleId) => {
    expect(failureOf({ ...macos, bundle_id: bundleId }).message).toContain('bundle_id');
  },
);

test('every bad field is named with what was seen, long texts only by their length', () => {
  const { failure } = failureOf({
    ...macos,
    app_name: 5,
    bundle_id: undefined,
    version: 'x'.repeat(300),
    entitlements: ['ok.key', 7],
    macos_encryption_exempt: 'yes',
  });
  expect(failure.code).toBe('MANIFEST_INVALID');
  expect(failure.reason).toContain('app_name must be a text, seen: the number 5');
  expect(failure.reason).toContain('bundle_id must be a text, seen: nothing');
  expect(failure.reason).toContain(
    'version must be numbers with dots between them, seen: a text of 300 characters',
  );
  expect(failure.reason).toContain('entitlements[1] must be a text, seen: the number 7');
  expect(failure.reason).toContain('macos_encryption_exempt must be true or false, seen: "yes"');
  expect(failure.reason).not.toContain('xxxx');
});

test.each([[undefined], [null], [7], ['text'], [[]]])('the manifest %j is refused', (raw) => {
  expect(failureOf(raw).code).toBe('MANIFEST_INVALID');
});

describe('targets', () => {
  test.each([[['macos-sign']], [['MacOS-Sign']], [[' macos-sign ']]])('%j is macOS', (targets) => {
    expect(parseManifest({ ...macos, targets }).platform).toBe('macos');
  });

  test.each([
    [[]],
    [['macos']],
    [['ios']],
    [['ios-sign', 'macos-sign']],
    [['macos-sign', 'linux']],
    [['__proto__']],
  ])('%j is none that we know', (targets) => {
    expect(failureOf({ ...macos, targets }).code).toBe('TARGET_UNKNOWN');
  });

  test.each([[undefined], [null], ['macos-sign'], [[7]]])('%j has the wrong form', (targets) => {
    const error = failureOf({ ...macos, targets });
    expect(error.code).toBe('MANIFEST_INVALID');
    expect(error.message).toContain('targets');
  });
});

describe('what is to follow an upload', () => {
  const wished = (wishes: object) => parseManifest({ ...ios, ...wishes }).afterUpload;

  test('is nothing when nothing is asked for', () => {
    expect(
      [{}, { wait: false }, { wait: null, testflight_groups: [], testflight_notes: {} }].map(wished),
    ).toEqual([undefined, undefined, undefined]);
  });

  test('is the wait, groups without their doubles, and notes for all languages or for each', () => {
    expect(wished({ wait: true })).toEqual({ groups: [], notes: {} });
    expect(wished({ testflight_groups: ['QA', 'QA'] })).toEqual({ groups: ['QA'], notes: {} });
    expect(wished({ testflight_notes: 'Try it.\nAll of it.' })).toEqual({
      groups: [],
      notes: { default: 'Try it.\nAll of it.' },
    });
    expect(wished({ testflight_notes: { 'zh-Hans': 'x', default: 'y' } })?.notes).toEqual({
      'zh-Hans': 'x',
      default: 'y',
    });
  });

  test.each([
    [{ wait: 'yes' }, 'wait'],
    [{ testflight_groups: 'QA' }, 'testflight_groups'],
    [{ testflight_groups: [7] }, 'testflight_groups'],
    [{ testflight_notes: 'x'.repeat(4_001) }, 'testflight_notes'],
    [{ testflight_notes: { 'not a locale': 'x' } }, 'testflight_notes'],
    [{ testflight_notes: { 'en-US': '\u0007' } }, 'testflight_notes'],
  ])('is refused with its name where it cannot be used: %j', (wishes, field) => {
    expect(failureOf({ ...ios, ...wishes })).toMatchObject({
      code: 'MANIFEST_INVALID',
      failure: { reason: expect.stringContaining(field) },
    });
  });
});

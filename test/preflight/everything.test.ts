import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppleLike, openAppleLike } from '../helpers/apple-like.ts';
import { buildMachO } from '../helpers/macho.ts';
import { findingsOf } from './job.ts';
import { appex } from './table.ts';

let apple: AppleLike;
beforeAll(() => {
  apple = openAppleLike();
});
afterAll(() => apple.workshop.remove());

test('everything at once, errors first', async () => {
  const findings = await findingsOf(
    {
      ios: {
        executable: buildMachO({ platform: 'ios-simulator' }),
        info: { CFBundleVersion: 'x', UILaunchScreen: undefined },
        files: { 'Icon-1024.png': '', ...appex('com.other.w') },
      },
      to: 'appstore',
      p12: 'development',
      profile: { expires: new Date('2024-01-01'), kind: 'ad-hoc', bundleId: 'com.example.other' },
      capabilities: ['push-notifications'],
    },
    apple,
  );
  const errors = findings.filter(({ severity }) => severity === 'error');
  expect(findings.slice(0, errors.length)).toEqual(errors);
  expect(findings.map(({ code }) => code)).toContain('BUNDLE_NESTED_VERSION_WRONG');
  expect(new Set(errors.map(({ code }) => code))).toEqual(
    new Set([
      ...[
        'BUNDLE_PLATFORM_WRONG',
        'BUNDLE_VERSION_INVALID',
        'BUNDLE_INFO_KEY_MISSING',
        'BUNDLE_NESTED_ID_WRONG',
      ],
      ...['ICON_MISSING', 'CERTIFICATE_KIND_WRONG', 'PROFILE_BUNDLE_ID_MISMATCH', 'PROFILE_EXPIRED'],
      ...['PROFILE_CERTIFICATE_MISSING', 'PROFILE_KIND_WRONG', 'PROFILE_MISSING', 'ENTITLEMENT_NOT_ALLOWED'],
    ]),
  );
});

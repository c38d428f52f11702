import { afterAll, beforeAll, expect, test } from 'vitest';
import { renderFailure } from '../../machines/contracts/failure.ts';
import { failureCodes } from '../../src/errors.ts';
import { newDict, type PlistValue } from '../../src/formats/plist/index.ts';
import type { Finding } from '../../src/preflight/index.ts';
import { type AppleLike, openAppleLike } from '../helpers/apple-like.ts';
import { infoPlist } from '../helpers/bundles.ts';
import { buildMachO } from '../helpers/macho.ts';
import { findingsOf, type Job } from './job.ts';

/** What is wrong, with which code it is found, how bad it is. */
export type Row = readonly [
  name: string,
  code: string,
  severity: Finding['severity'],
  job: (apple: AppleLike) => Job | Promise<Job>,
];

/** Each row is found, with a code of the registry and sentences that are some. */
export function expectFound(rows: readonly Row[]): void {
  let apple: AppleLike;
  beforeAll(() => {
    apple = openAppleLike();
  });
  afterAll(() => apple.workshop.remove());
  test.each(rows)('%s: %s (%s)', async (_name, code, severity, job) => {
    const findings = await findingsOf(await job(apple), apple);
    expect(findings.map((found) => `${found.severity} ${found.code}`)).toContain(`${severity} ${code}`);
    for (const found of findings) {
      expectWellSaid(found);
      expect(renderFailure(found, 'terminal')).not.toMatch(FOREIGN_AT_TERMINAL);
    }
  });
}

/** A person who runs `perry-ship check` has flags, and neither a project nor a hub. */
const FOREIGN_AT_TERMINAL =
  /apple_(?:team|key|issuer|p8|certificate|notarize|installer)_|the project\b|the hub\b|send the job|the job\b/i;

function expectWellSaid({ code, kind, summary, reason, nextStep }: Finding): void {
  expect(failureCodes[code as keyof typeof failureCodes].kind).toBe(kind);
  expect(summary).toMatch(/^.{10,600}$/s);
  expect(reason, code).toMatch(/^.{10,600}\.$/s);
  expect(nextStep).toMatch(/^.{10,400}\.$/s);
  // what a sentence was to name, and had no value
  expect(`${summary} ${reason} ${nextStep}`).not.toMatch(/\b(?:undefined|null|NaN)\b|\[object /);
}

/** What every job to the store that is otherwise sound has. */
export const store = { to: 'appstore', p12: 'distribution', profile: {} } as const;
export const macStore = {
  to: 'appstore',
  p12: 'distribution',
  installer: 'installer',
  profile: { platform: 'macos' },
} as const;

export const device = { platform: 'ios', minimumOs: '17.0', sdk: '26.1' } as const;

type Files = Record<string, Buffer | string>;
export const iosWith = (files: Files, job: Job = {}): Job => ({ ios: { files }, ...job });
export const macWith = (files: Files, job: Job = {}): Job => ({ mac: { files }, ...job });
/** An iOS app for the store whose Info.plist differs. */
export const iosInfo = (info: NonNullable<NonNullable<Job['ios']>['info']>, job: Job = {}): Job => ({
  ios: { info },
  to: 'appstore',
  ...job,
});

/** The files of an app extension. */
export const appex = (
  bundleId = 'com.example.hello.w',
  more: Readonly<Record<string, PlistValue | undefined>> = {},
  folder = 'PlugIns',
): Record<string, Buffer> => ({
  [`${folder}/W.appex/Info.plist`]: infoPlist({
    CFBundleIdentifier: bundleId,
    CFBundleExecutable: 'W',
    CFBundleShortVersionString: '1.2.3',
    CFBundleVersion: '42',
    MinimumOSVersion: '17.0',
    NSExtension: newDict([['NSExtensionPointIdentifier', 'com.apple.widgetkit-extension']]),
    ...more,
  }),
  [`${folder}/W.appex/W`]: buildMachO({ ...device, text: 'w' }),
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { surveyBundle } from '../../src/files/bundle/index.ts';
import { type PreflightInput, preflight } from '../../src/preflight/index.ts';
import { type AppleLike, openAppleLike, PASSWORD } from '../helpers/apple-like.ts';
import { inputOf, soundMacApp, storeIosApp } from './job.ts';

let apple: AppleLike;
let dir: string;
let sound: PreflightInput;
beforeAll(async () => {
  apple = openAppleLike();
  dir = await mkdtemp(join(tmpdir(), 'preflight-fuzz-'));
  sound = await inputOf({ ios: {}, to: 'appstore', p12: 'distribution', profile: {} }, apple, dir);
  expect(preflight(sound)).toEqual([]);
});
afterAll(async () => {
  apple.workshop.remove();
  await rm(dir, { recursive: true });
});

/** Cuts, or changes some bytes of, what it is given. */
const damage = fc.record({
  at: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
    minLength: 1,
    maxLength: 4,
  }),
  cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
});
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(bytes: Buffer, { at, cut }: Damage): Buffer {
  const copy = Buffer.from(bytes);
  for (const [share, value] of at) copy[Math.floor(share * (copy.length - 1))] = value;
  return cut === undefined ? copy : copy.subarray(0, Math.floor(cut * copy.length));
}

/** A defect of ours would be a finding too, but never the answer to a file. */
function expectFindings(input: PreflightInput): void {
  for (const { code, kind } of preflight(input)) {
    expect(code).not.toBe('INTERNAL_ERROR');
    expect(['input', 'host']).toContain(kind);
  }
}

test('a damaged profile gives findings, never an exception', () => {
  const profile = sound.credentials?.profile ?? Buffer.alloc(0);
  fc.assert(
    fc.property(damage, (harm) => {
      const changed = damaged(profile, harm);
      expectFindings({ ...sound, credentials: { profile: changed } });
    }),
    { numRuns: 250 },
  );
});

test('what changes the content of a profile is found', () => {
  const profile = sound.credentials?.profile ?? Buffer.alloc(0);
  const [start, end] = [profile.indexOf('<dict>'), profile.indexOf('</plist>')];
  fc.assert(
    fc.property(fc.integer({ min: start, max: end }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(profile);
      changed[at] = (changed[at] ?? 0) ^ flip;
      const findings = preflight({ ...sound, credentials: { profile: changed } });
      expect(findings.map(({ code }) => code)).toEqual(
        expect.arrayContaining([expect.stringMatching(/^PROFILE_(?:CHANGED|INVALID)$/)]),
      );
    }),
    { numRuns: 150 },
  );
});

test('a damaged PKCS#12 file gives findings, never an exception', () => {
  const p12 = apple.p12('distribution');
  fc.assert(
    fc.property(damage, (harm) => {
      const main = { p12: damaged(p12, harm), password: PASSWORD };
      expectFindings({ ...sound, credentials: { ...sound.credentials, main } });
    }),
    { numRuns: 150 },
  );
});

test.each([
  ['ios-sign', 'Info.plist', 'xml'],
  ['ios-sign', 'Info.plist', 'binary'],
  ['ios-sign', 'Hello', 'xml'],
  ['ios-sign', 'Icon-1024.png', 'xml'],
  ['macos-sign', 'Contents/Info.plist', 'binary'],
  ['macos-sign', 'Contents/MacOS/Hello', 'xml'],
] as const)('%s: a damaged %s (%s) gives findings, never an exception', async (target, path, infoFormat) => {
  const make = target === 'ios-sign' ? storeIosApp : soundMacApp;
  const appPath = await make(await mkdtemp(join(dir, 'app-')), { infoFormat });
  const { signal } = new AbortController();
  const bytes = await readFile(join(appPath, path));
  // most of a program is zeros: its head is what is read
  const head = bytes.subarray(0, 2_000);
  await fc.assert(
    fc.asyncProperty(damage, async (harm) => {
      await writeFile(join(appPath, path), Buffer.concat([damaged(head, harm), bytes.subarray(head.length)]));
      const survey = await surveyBundle(appPath, { target, signal });
      for (const distribution of ['package', 'appstore'] as const)
        expectFindings({ target, distribution, survey, now: new Date() });
    }),
    { numRuns: 60 },
  );
});

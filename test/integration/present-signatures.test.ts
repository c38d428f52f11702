import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkApp, signApp } from '../helpers/ad-hoc-signing.ts';
import { infoPlist, makeIosApp, makeMacApp } from '../helpers/bundles.ts';
import { buildFatMachO, buildMachO } from '../helpers/macho.ts';
import { plist } from '../helpers/rcodesign-fixtures.ts';
import { sign } from '../helpers/signed-bundles.ts';

let dir: string;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'perry-ship-present-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

type Build = Parameters<typeof buildMachO>[0];

/** Signed with an entitlement that leaves room for others. */
async function signed(build: Build): Promise<Buffer> {
  count += 1;
  const [file, entitlements] = [join(dir, `code ${count}`), join(dir, `entitlements ${count}`)];
  await writeFile(file, buildMachO(build));
  await writeFile(entitlements, plist(`<key>com.apple.security.x</key><string>${'x'.repeat(200)}</string>`));
  await sign('ad hoc', file, '-e', entitlements);
  return readFile(file);
}

/** The entitlements are put in the place of others, in XML alone: signing goes by them, systems by those in DER. */
function withEntitlements(machO: Buffer, xml: string): Buffer {
  const [start, end] = [machO.indexOf('<dict>'), machO.indexOf('</dict>') + '</dict>'.length];
  const copy = Buffer.from(machO);
  copy.fill(' ', start, end);
  copy.write(xml, start, 'latin1');
  return copy;
}

/** Zeros where the signature was, as some linkers leave it to whoever signs. */
function withEmptyRoom(machO: Buffer): Buffer {
  const copy = Buffer.from(machO);
  copy.fill(0, machO.indexOf(Buffer.from('fade0cc0', 'hex')));
  return copy;
}

/** Where code may lie in an app, and of which kind it is there. */
const macPlaces: Record<string, { readonly path: string; readonly build: Build; readonly info?: string }> = {
  'the main executable': { path: 'Contents/MacOS/Hello', build: {} },
  'a loose tool': { path: 'Contents/MacOS/tool', build: {} },
  'a tool among resources': { path: 'Contents/Resources/bin/tool', build: {} },
  'a library': { path: 'Contents/Frameworks/liba.dylib', build: { fileType: 'dylib' } },
  'a helper': {
    path: 'Contents/Helpers/H.app/Contents/MacOS/H',
    build: {},
    info: 'Contents/Helpers/H.app/Contents/Info.plist',
  },
  'an XPC service': {
    path: 'Contents/XPCServices/S.xpc/Contents/MacOS/S',
    build: {},
    info: 'Contents/XPCServices/S.xpc/Contents/Info.plist',
  },
};

async function macApp(place: string, code: Buffer): Promise<string> {
  const { path, info } = macPlaces[place] ?? { path: '' };
  const name = path.slice(path.lastIndexOf('/') + 1);
  const type = info?.includes('.xpc/') ? 'XPC!' : 'APPL';
  const nested = {
    CFBundleIdentifier: 'com.example.hello.n',
    CFBundleExecutable: name,
    CFBundlePackageType: type,
  };
  return makeMacApp(await mkdtemp(join(dir, 'app-')), {
    files: { [path]: code, ...(info && { [info]: infoPlist(nested) }) },
  });
}

const malformed: Record<string, string> = {
  'a key twice': '<dict><key>a</key><true/><key>a</key><false/></dict>',
  'a key twice within': '<dict><key>a</key><dict><key>b</key><true/><key>b</key><true/></dict></dict>',
  'no property list': '<dick><key>a</key><true/></dick>',
  'a key without a value': '<dict><key>a</key></dict>',
  'an array': '<array><true/></array>',
  'no text': '<dict><key>\xff\xfe</key><true/></dict>',
  'a date': '<dict><key>a</key><date>2026-01-01T00:00:00Z</date></dict>',
  'data in an array': '<dict><key>a</key><array><data>AAAA</data></array></dict>',
  'a number with a fraction': '<dict><key>a</key><real>1.5</real></dict>',
  'a number of more than 64 bits': '<dict><key>a</key><integer>18446744073709551615</integer></dict>',
};
const isSaid = (path: string) =>
  expect.objectContaining({ code: 'SIGN_BINARY_UNSUITABLE', summary: expect.stringContaining(path) });

describe.each(Object.keys(macPlaces))('%s', (place) => {
  const { path = '', build } = macPlaces[place] ?? {};
  let code: Buffer;
  beforeAll(async () => {
    code = await signed(build);
  });

  test.each(Object.entries(malformed))('is refused by the check for entitlements of %s', async (_, xml) => {
    const { errors } = await checkApp(await macApp(place, withEntitlements(code, xml)), 'macos-sign');
    expect(errors).toEqual([isSaid(path)]);
  });

  test.each([
    ['sound', (machO: Buffer) => machO],
    [
      'with other entitlements in DER',
      (machO: Buffer) =>
        withEntitlements(machO, '<dict><key>com.apple.security.x</key><string>y</string></dict>'),
    ],
    ['with empty room for a signature', withEmptyRoom],
    [
      'with empty room in one of two architectures',
      (machO: Buffer) =>
        buildFatMachO([withEmptyRoom(machO), buildMachO({ ...build, architecture: 'x86_64' })]),
    ],
  ])('is signed: %s', async (_, change) => {
    const app = await macApp(place, change(code));
    const { survey, errors } = await checkApp(app, 'macos-sign');
    expect(errors).toEqual([]);
    expect((await signApp(app, survey)).findings).toEqual([]);
  });
});

test('entitlements of an app for iOS that no signature can hold are refused as well', async () => {
  const ios = { platform: 'ios', minimumOs: '17.0' } as const;
  const executable = withEntitlements(await signed(ios), malformed['a key twice'] ?? '');
  const { errors } = await checkApp(
    await makeIosApp(await mkdtemp(join(dir, 'app-')), { executable }),
    'ios-sign',
  );
  expect(errors).toEqual([isSaid('Hello')]);
});

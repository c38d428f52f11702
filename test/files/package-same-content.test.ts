import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PayloadEntry, packageContentChange } from '../../src/files/xar/same-content.ts';
import {
  type ComponentPackage,
  componentPackage,
  cpio,
  gzipped,
  type PayloadItem,
} from '../helpers/component-package.ts';

const { signal } = new AbortController();
const CODE = Buffer.alloc(200_003, 'code');

let folder: string;
let entries: PayloadEntry[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-package-'));
  await mkdir(join(folder, 'sent'));
  await writeFile(join(folder, 'sent/App'), CODE);
  await writeFile(join(folder, 'sent/text'), 'text');
  const folderEntry = (path: string) => ({ path, type: 'directory' as const, mode: 0o755, sizeBytes: 0 });
  entries = [
    folderEntry('My.app'),
    folderEntry('My.app/größe'),
    {
      path: 'My.app/App',
      type: 'file',
      mode: 0o755,
      sizeBytes: CODE.length,
      source: join(folder, 'sent/App'),
    },
    { path: 'My.app/text', type: 'file', mode: 0o644, sizeBytes: 4, source: join(folder, 'sent/text') },
    { path: 'My.app/link', type: 'symlink', mode: 0o777, sizeBytes: 3, linkTarget: 'App' },
  ];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const items: readonly PayloadItem[] = [
  { path: '.', mode: 0o40755 },
  { path: './My.app', mode: 0o40755 },
  { path: './My.app/gr\u006f\u0308\u00dfe', mode: 0o40755 },
  { path: './My.app/App', mode: 0o100755, content: CODE },
  { path: './My.app/text', mode: 0o100644, content: 'text' },
  { path: './My.app/link', mode: 0o120755, content: 'App' },
];
const packageInfo =
  '<pkg-info overwrite-permissions="true" relocatable="false" identifier="com.example.my" postinstall-action="none" version="1" format-version="2" generator-version="InstallCmds-834 (22G120)" install-location="/Applications" auth="root"><payload numberOfFiles="5" installKBytes="1"/><bundle path="./My.app" id="com.example.my"/><bundle-version><bundle id="com.example.my"/></bundle-version><relocate/></pkg-info>';
const distribution =
  '<installer-gui-script minSpecVersion="2"><pkg-ref id="com.example.my"><bundle-version><bundle CFBundleShortVersionString="1.0" CFBundleVersion="1" id="com.example.my" path="My (beta).app"/></bundle-version></pkg-ref><product id="com.example.my" version="1"/><title>My (beta)</title><options customize="never" require-scripts="false" hostArchitectures="x86_64,arm64"/><volume-check><allowed-os-versions><os-version min="13.0"/></allowed-os-versions></volume-check><choices-outline><line choice="default"><line choice="com.example.my"/></line></choices-outline><choice id="default" title="My"/><choice id="com.example.my" title="My" visible="false"><pkg-ref id="com.example.my"/></choice><pkg-ref id="com.example.my" version="1" onConclusion="none" installKBytes="1">#part.pkg</pkg-ref></installer-gui-script>';
const good: ComponentPackage = { payload: gzipped(items), distribution, packageInfo };

async function changeOf(change: Partial<ComponentPackage>, bytes?: Buffer): Promise<string | undefined> {
  const path = join(folder, 'package.pkg');
  await writeFile(path, bytes ?? componentPackage({ ...good, ...change }));
  const wanted = { bundleId: 'com.example.my', installLocation: '/Applications' };
  return packageContentChange(path, { ...wanted, entries, signal });
}

const swapped = (path: string, change: Partial<PayloadItem>): Partial<ComponentPackage> => ({
  payload: gzipped(items.map((item) => (item.path === path ? { ...item, ...change } : item))),
});
const withInfo = (from: string, to: string) => ({ packageInfo: packageInfo.replace(from, to) });
const withDistribution = (more: string) => ({
  distribution: distribution.replace('</installer-gui-script>', `${more}</installer-gui-script>`),
});

describe('an installer package', () => {
  test('of what was sent has no difference', async () => {
    expect(await changeOf({})).toBeUndefined();
    expect(
      await changeOf({ payload: gzipSync(Buffer.concat([cpio(items), Buffer.alloc(300)])) }),
    ).toBeUndefined();
  });

  const otherCode = Buffer.from(CODE);
  otherCode[CODE.length - 1] = 0;
  const lies: Record<string, readonly [Partial<ComponentPackage>, RegExp]> = {
    'other code': [swapped('./My.app/App', { content: otherCode }), /App" is not as it was sent/],
    'longer text': [swapped('./My.app/text', { content: 'texts' }), /5 bytes, not 4/],
    setuid: [swapped('./My.app/App', { mode: 0o104755 }), /mode 4755, not 755/],
    'another mode': [swapped('./My.app/text', { mode: 0o100600 }), /mode 600/],
    'a link to elsewhere': [swapped('./My.app/link', { content: '/bin/sh' }), /leads somewhere else/],
    'a device': [swapped('./My.app/link', { mode: 0o20666 }), /is no symlink/],
    'a file more': [
      { payload: gzipped([...items, { path: './My.app/evil', mode: 0o100755 }]) },
      /evil", which was not sent/,
    ],
    'a file twice': [{ payload: gzipped([...items, ...items.slice(-1)]) }, /is there twice/],
    'a way out': [
      { payload: gzipped([...items, { path: '../evil', mode: 0o100755 }]) },
      /evil", which was not sent/,
    ],
    'a file less': [{ payload: gzipped(items.slice(0, -1)) }, /does not install "My.app\/link"/],
    'something behind the payload': [
      { payload: gzipSync(Buffer.concat([cpio(items), Buffer.from('evil')])) },
      /follows its end/,
    ],
    'half a payload': [{ payload: gzipSync(cpio(items).subarray(0, 5000)) }, /ends in the middle/],
    'no payload at all': [{ payload: Buffer.from('none') }, /cannot be unpacked/],
    'another form of archive': [{ payload: gzipSync(Buffer.alloc(600, '070701')) }, /no cpio archive/],
    'scripts in the component': [{ more: { Scripts: 'echo' } }, /"part.pkg\/Scripts" in it/],
    'scripts that are named': [
      withInfo('<relocate/>', '<scripts><postinstall file="./x"/></scripts>'),
      /has <scripts>/,
    ],
    'a restart': [
      withInfo('postinstall-action="none"', 'postinstall-action="restart"'),
      /postinstall-action/,
    ],
    'another place': [withInfo('/Applications', '/usr/local'), /does not install into/],
    'another component': [withInfo('identifier="com.example.my"', 'identifier="x"'), /does not install com/],
    'no description': [{ packageInfo: 'none' }, /cannot be read/],
    'a script of the installer': [withDistribution('<script>system.run("x")</script>'), /has <script>/],
    'a check that runs one': [
      withDistribution('<installation-check script="run()"/>'),
      /has <installation-check>/,
    ],
    'an expression': [withDistribution('<choice id="x" selected="run()"/>'), /selected="run\(\)"/],
    'a background': [withDistribution('<background file="x"/>'), /has <background>/],
  };
  test.each(Object.entries(lies))('says which lie it tells: %s', async (_, [change, why]) => {
    expect(await changeOf(change)).toMatch(why);
  });

  test('that is none is no reason to end', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('xar!'), Buffer.alloc(4096, 'xar!')])
      expect(await changeOf({}, bytes)).toBeTypeOf('string');
  });
});

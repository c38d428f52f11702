import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startTimestampAuthority } from '../../src/demo/timestamp-authority.ts';
import {
  helperScope,
  infoPlist,
  machOPaths,
  makeIdentity,
  makeMachO,
  plist,
  rcodesign,
  rcodesignPath,
  toolScope,
  writeIn,
} from '../helpers/rcodesign-fixtures.ts';
import { signingRoom } from '../helpers/signing-room.ts';

const room = signingRoom();

/** The least that rcodesign takes for a disk image: data, a property list, and the trailer that names it. */
const diskImage = (): Buffer => {
  const data = Buffer.alloc(512, 0x41);
  const xml = Buffer.from(plist(''));
  const koly = Buffer.alloc(512);
  koly.write('koly');
  koly.writeUInt32BE(4, 4);
  koly.writeUInt32BE(512, 8);
  koly.writeBigUInt64BE(BigInt(data.length), 0x20);
  koly.writeBigUInt64BE(BigInt(data.length), 0xd8);
  koly.writeBigUInt64BE(BigInt(xml.length), 0xe0);
  return Buffer.concat([data, xml, koly]);
};

const sandbox = Buffer.from(plist('<key>com.apple.security.app-sandbox</key><true/>'));

const inherit = Buffer.from(plist('<key>com.apple.security.inherit</key><true/>'));

describe('a macOS app with nested code', () => {
  test('is signed with the identity, hardened, with entitlements for each part', async () => {
    const app = await room.freshApp();
    const lines: string[] = [];
    await room.sign(
      app,
      {
        entitlements: sandbox,
        nestedEntitlements: [
          { scope: helperScope, xml: inherit },
          { scope: toolScope, xml: inherit },
        ],
        hardenedRuntime: true,
        hardenedScopes: [helperScope, toolScope],
      },
      lines,
    );
    await room.verify(app);

    const main = await room.signatureOf(app, 'Contents/MacOS/Über App');
    expect(main).toContain('CodeSignatureFlags(RUNTIME)');
    expect(main).toContain('identifier: com.example.ueber');
    expect(main).toContain('com.apple.security.app-sandbox');
    expect(main).toContain('signature_verifies: true');
    for (const path of [`${helperScope}/Contents/MacOS/Helper`, toolScope]) {
      const nested = await room.signatureOf(app, path);
      expect(nested).toContain('CodeSignatureFlags(RUNTIME)');
      expect(nested).toContain('com.apple.security.inherit');
    }
    expect(lines).toContain('signing bundle at Über App.app');
    expect(lines.join('\n')).not.toContain(room.folder);
    expect(lines.join('\n')).not.toContain('sealing');
    expect(await readdir(room.workDir())).toEqual([]);
  });

  test('gets a time stamp for each binary from the authority', async () => {
    const authority = await startTimestampAuthority();
    try {
      const app = await room.freshApp();
      await room.sign(app, { timestampUrl: authority.url });
      await room.verify(app);
      expect(authority.requests).toBe(machOPaths.length);
      expect(await room.signatureOf(app, machOPaths[0] ?? '')).toMatch(/time_stamp_token:\n/);
    } finally {
      await authority.stop();
    }
  });

  test('is signed ad hoc without a key', async () => {
    const app = await room.freshApp();
    await room.sign(app, { pem: undefined });
    await room.verify(app, true);
    expect(await room.signatureOf(app, 'Contents/MacOS/Über App')).toContain('CodeSignatureFlags(ADHOC)');
    await expect(room.verify(app, false)).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  test('is signed with an ECDSA identity, and when a library may not be written', async () => {
    const app = await room.freshApp();
    await chmod(join(app, machOPaths[2] ?? ''), 0o444);
    await room.sign(app, { pem: await readFile(await makeIdentity(room.folder, 'ecdsa')) });
    await room.verify(app);
  });

  test('a universal binary for old systems raises no false alarm', async () => {
    const app = await room.freshApp();
    const [arm, intel] = [join(room.folder, 'arm'), join(room.folder, 'intel')];
    await makeMachO(arm);
    await makeMachO(intel, '--architecture', 'x86-64', '--minimum-os-version', '10.9.0');
    const universal = join(app, 'Contents/MacOS/Über App');
    await rcodesign('macho-universal-create', '-o', universal, arm, intel);
    await room.sign(app);
    await room.verify(app);
    await room.sign(app, { pem: undefined });
    await room.verify(app, true);
  });
});

test('a flat iOS app with a framework and a bundle of resources', async () => {
  const app = join(room.folder, 'Phone.app');
  await makeMachO(join(app, 'Phone'));
  await writeIn(app, 'Info.plist', infoPlist('com.example.phone', 'Phone', 'APPL'));
  await writeIn(app, 'Texts.bundle/Info.plist', infoPlist('com.example.texts', undefined, 'BNDL'));
  await writeIn(app, 'Texts.bundle/text.txt', 'text');
  await makeMachO(join(app, 'Frameworks/Kit.framework/Kit'), '--file-type', 'dylib');
  await writeIn(app, 'Frameworks/Kit.framework/Info.plist', infoPlist('com.example.kit', 'Kit', 'FMWK'));
  await room.sign(app, { entitlements: sandbox });
  await room.verify(app, false, ['Phone', 'Frameworks/Kit.framework/Kit']);
  const seal = await readFile(join(app, '_CodeSignature/CodeResources'), 'utf8');
  expect(seal).toContain('<key>Texts.bundle/text.txt</key>');

  await writeIn(app, 'Resources/more.txt', 'turns the whole app into a macOS layout');
  await expect(room.sign(app)).rejects.toMatchObject({ code: 'SIGN_UNSEALED' });
});

test('settings of the guest do not reach rcodesign', async () => {
  const app = await room.freshApp();
  await room.sign(app, {}, [], room.guest({ RCODESIGN_FOO: 'x', RUST_LOG: 'off' }));
  await room.verify(app);
});

test('paths may be relative to the folder that a session starts in', async () => {
  const app = await room.freshApp();
  const lines: string[] = [];
  const remotePath = app.slice(room.folder.length + 1);
  await room.sign(remotePath, { workDir: 'relative work', entitlements: sandbox }, lines);
  await room.verify(remotePath);
  expect(await readdir(join(room.folder, 'relative work'))).toEqual([]);
  expect(lines).toContain('signing bundle at Über App.app');
  expect(lines.join('\n')).not.toContain(room.folder);
});

test('extended attributes are stripped where the guest can do that', async () => {
  const app = await room.freshApp();
  const tools = join(room.folder, 'tools');
  await mkdir(tools);
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" >'${tools}/arguments'\nexit 1\n`;
  await writeFile(join(tools, 'xattr'), script, { mode: 0o755 });
  await room.sign(app, {}, [], room.guest({ PATH: `${tools}:${process.env.PATH}` }));
  expect(await readFile(join(tools, 'arguments'), 'utf8')).toBe(`-cr\n${app}\n`);
});

test('the key is in no argument, no environment and no file while rcodesign runs', async () => {
  const app = await room.freshApp();
  const evidence = join(room.folder, 'evidence');
  const spy = join(room.folder, 'spy');
  await writeFile(
    spy,
    `#!/bin/sh
cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' >'${evidence}'
grep -rl 'PRIVATE KEY' '${join(room.folder, 'wörk dir')}' '${app}' >>'${evidence}.files'
exec '${rcodesignPath}' "$@"
`,
    { mode: 0o755 },
  );
  await room.sign(app, { rcodesignPath: spy, entitlements: sandbox });
  const seen = await readFile(evidence, 'utf8');
  if (process.platform === 'linux') expect(seen).toContain('--pem-file');
  const secretLine = room.pem().toString().split('\n')[3] ?? '';
  expect(secretLine.length).toBeGreaterThan(40);
  expect(seen).not.toContain(secretLine);
  expect(await readFile(`${evidence}.files`, 'utf8')).toBe('');
  expect(await readdir(room.workDir())).toEqual([]);
});

test('a disk image gets a signature with identifier and time stamp', async () => {
  const image = join(room.folder, 'Über App 1.0.dmg');
  await writeFile(image, diskImage());
  const authority = await startTimestampAuthority();
  try {
    await room.sign(image, { binaryIdentifier: 'com.example.ueber.dmg', timestampUrl: authority.url });
    expect(authority.requests).toBe(1);
  } finally {
    await authority.stop();
  }
  const facts = await rcodesign('print-signature-info', image);
  expect(facts).toContain('identifier: com.example.ueber.dmg');
  expect(facts).toContain('signature_verifies: true');
  await writeFile(image, 'no image');
  await expect(room.sign(image)).rejects.toMatchObject({ code: 'SIGN_LAYOUT_UNSUITABLE' });
});

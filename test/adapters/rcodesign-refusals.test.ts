import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { signInGuest } from '../../src/adapters/rcodesign/sign.ts';
import { verifyInGuest } from '../../src/adapters/rcodesign/verify.ts';
import {
  helperScope,
  infoPlist,
  machOPaths,
  plist,
  toolScope,
  writeIn,
} from '../helpers/rcodesign-fixtures.ts';
import { signingRoom } from '../helpers/signing-room.ts';

const room = signingRoom();

/** Moves the first section right behind the load commands (`mach_header_64`, `section_64.offset`). */
const withoutRoom = (machO: Buffer): Buffer => {
  const endOfCommands = 32 + machO.readUInt32LE(20);
  machO.writeUInt32LE(endOfCommands, machO.indexOf('__text\0') + 48);
  return machO;
};

const inherit = Buffer.from(plist('<key>com.apple.security.inherit</key><true/>'));

describe('what cannot be signed is refused with the name of the file', () => {
  test.each([
    ['a script beside the executable', 'Contents/MacOS/tööl', '#!/bin/sh\n'],
    ['data among frameworks', 'Contents/Frameworks/notes.json', '{}'],
    ['a script in a nested app', `${helperScope}/Contents/MacOS/run`, '#!/bin/sh\n'],
  ])('%s', async (_what, path, content) => {
    const app = await room.freshApp();
    await writeIn(app, path, content);
    await expect(room.sign(app)).rejects.toMatchObject({
      code: 'SIGN_UNSEALED',
      failure: { kind: 'input', summary: expect.stringContaining(path) },
    });
  });

  test('a bundle of resources among plug-ins', async () => {
    const app = await room.freshApp();
    await writeIn(
      app,
      'Contents/PlugIns/Texts.bundle/Contents/Info.plist',
      infoPlist('com.example.t', undefined, 'BNDL'),
    );
    await expect(room.sign(app)).rejects.toMatchObject({
      code: 'SIGN_UNSEALED',
      failure: { summary: expect.stringContaining('Contents/PlugIns/Texts.bundle') },
    });
  });

  test('a folder with a dot in its name among frameworks', async () => {
    const app = await room.freshApp();
    await writeIn(app, 'Contents/Frameworks/node_modules/lodash.js/index.js', '0');
    await expect(room.sign(app)).rejects.toMatchObject({
      code: 'SIGN_LAYOUT_UNSUITABLE',
      failure: { summary: expect.stringContaining('Contents/Frameworks/node_modules/lodash.js') },
    });
  });

  test('an app whose main executable is a script, is missing, or is cut off', async () => {
    const app = await room.freshApp();
    await writeFile(join(app, 'Contents/MacOS/Über App'), '#!/bin/sh\nexec true\n');
    await expect(room.sign(app)).rejects.toMatchObject({
      code: 'SIGN_BINARY_UNSUITABLE',
      failure: { summary: 'Über App.app cannot be signed: its main executable is a script.' },
    });
    await rm(join(app, 'Contents/MacOS/Über App'));
    await expect(room.sign(app)).rejects.toMatchObject({ code: 'SIGN_BINARY_UNSUITABLE' });
    const whole = await readFile(join(room.original, 'Contents/MacOS/Über App'));
    await writeFile(join(app, 'Contents/MacOS/Über App'), whole.subarray(0, 3000));
    await expect(room.sign(app)).rejects.toMatchObject({ code: 'SIGN_BINARY_UNSUITABLE' });
  });

  test('a binary without room for its signature', async () => {
    const app = await room.freshApp();
    await writeFile(join(app, 'Contents/MacOS/full'), withoutRoom(await readFile(join(app, toolScope))));
    await expect(room.sign(app)).rejects.toMatchObject({
      code: 'SIGN_BINARY_UNSUITABLE',
      failure: { summary: expect.stringContaining('Contents/MacOS/full') },
    });
  });

  test('a nested path with a colon', async () => {
    const app = await room.freshApp();
    const nestedEntitlements = [{ scope: 'Contents/Helpers/a:b.app', xml: inherit }];
    await expect(room.sign(app, { nestedEntitlements })).rejects.toMatchObject({
      code: 'SIGN_LAYOUT_UNSUITABLE',
    });
  });
});

describe('a key that is none', () => {
  test.each([
    ['no key', (text: string) => text.slice(text.indexOf('-----BEGIN CERT'))],
    ['no certificate', (text: string) => text.slice(0, text.indexOf('-----BEGIN CERT'))],
    ['nothing that is PEM', () => 'nothing'],
    ['two keys', (text: string) => text + text],
  ])('%s', async (_what, spoil) => {
    const app = await room.freshApp();
    await expect(room.sign(app, { pem: Buffer.from(spoil(room.pem().toString())) })).rejects.toMatchObject({
      code: 'SIGN_KEY_REJECTED',
    });
  });
});

test('a time-stamp server that is away can be tried again; a wrong address cannot', async () => {
  const app = await room.freshApp();
  await expect(room.sign(app, { timestampUrl: 'http://127.0.0.1:1/' })).rejects.toMatchObject({
    code: 'SIGN_TIMESTAMP_UNAVAILABLE',
    failure: { retryable: true, kind: 'upstream' },
  });
  await expect(room.sign(app, { timestampUrl: 'nonsense' })).rejects.toMatchObject({
    code: 'SIGN_TIMESTAMP_URL_INVALID',
  });
});

test('a guest without rcodesign is a matter of the host', async () => {
  const app = await room.freshApp();
  await expect(room.sign(app, { rcodesignPath: 'rcodesign-of-nobody' })).rejects.toMatchObject({
    code: 'RCODESIGN_MISSING',
    failure: { kind: 'host' },
  });
  const request = { remotePath: app, machOPaths, adHoc: false, rcodesignPath: 'rcodesign-of-nobody' };
  await expect(verifyInGuest(room.guest(), request, { signal: room.signal })).rejects.toMatchObject({
    code: 'RCODESIGN_MISSING',
  });
});

test('an aborted signing rejects with the reason of the signal', async () => {
  const app = await room.freshApp();
  const hanging = join(room.folder, 'hanging');
  await writeFile(hanging, '#!/bin/sh\necho "signing" >&2\nexec tail -f /dev/null\n', { mode: 0o755 });
  const controller = new AbortController();
  const aborting = { signal: controller.signal, onLine: () => controller.abort(new Error('cancelled')) };
  const request = {
    remotePath: app,
    pem: room.pem(),
    hardenedRuntime: false,
    timestampUrl: 'none',
    workDir: room.workDir(),
  };
  await expect(signInGuest(room.guest(), { ...request, rcodesignPath: hanging }, aborting)).rejects.toThrow(
    'cancelled',
  );
});

import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toolScope } from '../helpers/rcodesign-fixtures.ts';
import { signingRoom } from '../helpers/signing-room.ts';

const room = signingRoom();

test('a binary that was changed after signing is found', async () => {
  const app = await room.freshApp();
  await room.sign(app);
  const path = toolScope;
  const bytes = await readFile(join(app, path));
  bytes[bytes.indexOf('__TEXT') + 1] = 0x58;
  await writeFile(join(app, path), bytes);
  await expect(room.verify(app)).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
    failure: { summary: expect.stringContaining(path) },
  });
  await expect(room.verify(app, false, ['Contents/Info.plist'])).rejects.toMatchObject({
    code: 'SIGNATURE_INVALID',
  });
});

test('more binaries than fit into one command are all checked', async () => {
  const app = await room.freshApp();
  await mkdir(join(app, 'Contents/Resources/many'));
  const paths = Array.from({ length: 130 }, (_, index) => `Contents/Resources/many/tool ${index}`);
  await room.sign(app);
  for (const path of paths) await cp(join(app, toolScope), join(app, path));
  await room.verify(app, false, paths);
  await writeFile(join(app, paths[129] ?? ''), 'x');
  await expect(room.verify(app, false, paths)).rejects.toMatchObject({ detail: { path: paths[129] } });
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { imageHost, publish, REGISTRY_BASE } from '../helpers/tart-images.ts';

const diskOf = async (home: string, name: string) =>
  JSON.parse(await readFile(join(home, 'vms', name, 'disk.img'), 'utf8'));

test('an image from the registry: fetched, provisioned, tried out, named; a daemon gets in with its key alone', async () => {
  const mac = await imageHost();
  await publish(mac.host.home);
  const env = { PERRY_TART_SSH_KEY_FILE: mac.key.file };
  const built = await mac.build({ from: undefined }, { env });
  expect(mac.lines).toContain('  75%');
  await mac.expectOnly(['fresh']);
  const [hostKey = ''] = built.settings.filter((line) => line.startsWith('PERRY_TART_HOST_KEY=SHA256:'));
  expect(built.settings).toContain('PERRY_TART_IMAGE=fresh');
  expect(hostKey).not.toContain(mac.host.hostKeyFingerprint);
  expect(built.facts).toMatchObject({ os: 'macOS 15.5', base: REGISTRY_BASE });
  const { files } = await diskOf(mac.host.home, 'fresh');
  expect(Object.keys(files)).toEqual(
    expect.arrayContaining(['root/usr/local/bin/rcodesign', '.ssh/authorized_keys', 'root/pmset']),
  );
  await mac.host.remove();
});

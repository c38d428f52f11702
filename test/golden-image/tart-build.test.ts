import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { printVmName } from '../../src/domain/vm-name.ts';
import { type ImageHostForTests, imageHost, publish, REGISTRY_BASE } from '../helpers/tart-images.ts';
import { makeImage } from '../tart-emulator/host.ts';

let mac: ImageHostForTests;
beforeEach(async () => {
  mac = await imageHost();
});
afterEach(() => mac.host.remove());

const codeOf = (build: Promise<unknown>): Promise<unknown> =>
  build.then(
    () => 'built',
    (error: { code?: string }) => error.code ?? error,
  );

/** What the guest of an image will find on its disk. */
async function filesOf(name: string): Promise<Readonly<Record<string, string>>> {
  const { files } = JSON.parse(await readFile(join(mac.host.home, 'vms', name, 'disk.img'), 'utf8'));
  const entries = Object.entries(files as Record<string, { base64: string }>);
  return Object.fromEntries(
    entries.map(([path, { base64 }]) => [path, Buffer.from(base64, 'base64').toString()]),
  );
}

describe('built', () => {
  test('from the registry, for a key: fetched once, provisioned, tried out, named', async () => {
    await publish(mac.host.home);
    const env = { PERRY_TART_SSH_KEY_FILE: mac.key.file };
    const built = await mac.build({ from: undefined }, { env });
    expect(mac.lines).toContain('  75%');
    await mac.expectOnly(['fresh']);
    const files = await filesOf('fresh');
    expect(files['root/usr/local/bin/rcodesign']).toContain('apple-codesign 0.29.0');
    expect(files['root/pmset']).toBe('-a sleep 0 displaysleep 0 disksleep 0\n');
    expect(files['root/etc/ssh/sshd_config.d/000-perry-ship.conf']).toContain('PasswordAuthentication no');
    expect(files['.ssh/authorized_keys']?.trim().split('\n')).toHaveLength(1);
    expect(built.facts).toMatchObject({ os: 'macOS 15.5', base: REGISTRY_BASE });
    expect(built.settings).toEqual([
      'PERRY_TART_IMAGE=fresh',
      expect.stringMatching(/^PERRY_TART_HOST_KEY=SHA256:[A-Za-z0-9+/]{43}$/),
    ]);
    expect(built.settings.join()).not.toContain(mac.host.hostKeyFingerprint);
    expect(JSON.stringify([mac.lines, files, built])).not.toContain(mac.key.privateKey.slice(-120, -80));
  });

  test('from a stopped machine, with Xcode and the password that it had; again from what came of it', async () => {
    const xcode = join(mac.host.folder, 'Xcode.xip');
    await writeFile(xcode, `xar!${'x'.repeat(1_000)}`);
    await mac.build({ xcode });
    const files = await filesOf('fresh');
    expect(files['root/xcodebuild']).toBe('-license accept\n-runFirstLaunch\n');
    expect(files['root/Applications/Xcode.app/Contents/Developer/xip']).toContain('xar!');
    expect(mac.lines.join('\n')).toContain('the password of the base image still lets in');
    await mac.build({ name: 'second', from: 'fresh' }, { env: { PERRY_TART_SSH_KEY_FILE: mac.key.file } });
    await mac.build({ name: 'third', from: 'second' }, { env: { PERRY_TART_SSH_KEY_FILE: mac.key.file } });
    await mac.expectOnly(['fresh', 'second', 'third']);
  });

  test('in the place of an older one, with --force alone', async () => {
    await mac.build();
    const before = await filesOf('fresh');
    expect(await codeOf(mac.build())).toBe('IMAGE_EXISTS');
    await mac.build({ force: true });
    await mac.expectOnly(['fresh']);
    const key = 'root/etc/ssh/ssh_host_ed25519_key.pub';
    expect((await filesOf('fresh'))[key]).not.toBe(before[key]);
  });

  test('after one that was killed, whose machines are destroyed first', async () => {
    const killed = { instance: 'dead0000', runId: '00000000-0000-4000-8000-000000000000' };
    const workspace = join(mac.host.folder, 'state', 'image-build', 'dead0001');
    await mkdir(join(workspace, 'lock'), { recursive: true, mode: 0o700 });
    await writeFile(join(workspace, 'instance'), `${killed.instance}\n`);
    await writeFile(join(workspace, 'lock', '1'), '{"pid":999999,"mark":"x","released":false}');
    await makeImage(mac.host.home, printVmName(killed));
    await mac.build();
    await mac.expectOnly(['fresh']);
  });
});

describe('not built, and nothing left', () => {
  const broken = (knobs: object) => mac.host.setKnobs(knobs as never);
  const short = {
    settings: { vmLimits: { connectTimeout: 1_500, shutDownTimeout: 1_500, connectPause: 50 } },
  };

  test.each<[string, string, () => Promise<unknown>, Record<string, unknown>?, object?]>([
    ['the base does not exist', 'VM_IMAGE_MISSING', async () => {}, { from: 'nowhere' }],
    ['the registry has no such image', 'VM_IMAGE_MISSING', async () => {}, { from: 'ghcr.io/a/b:c' }],
    [
      'a pull finds the disk full',
      'VM_DISK_FULL',
      () => broken({ faults: { pull: FULL } }),
      { from: 'ghcr.io/a/b' },
    ],
    ['a clone finds the disk full', 'VM_DISK_FULL', () => broken({ faults: { clone: FULL } })],
    [
      'the host has little space',
      'VM_DISK_FULL',
      async () => {},
      {},
      { env: { PERRY_MIN_FREE_DISK_GB: '100000' } },
    ],
    ['two guests run already', 'VM_LIMIT_REACHED', () => broken({ slots: { max: 0 } })],
    ['sshd does not answer', 'VM_TIMED_OUT', () => broken({ guest: { ssh: 'refused' } }), {}, short],
    [
      'the password is another one',
      'GUEST_AUTH_REFUSED',
      async () => {},
      {},
      { env: { PERRY_TART_SSH_PASSWORD: 'x' } },
    ],
    ['the machine dies', 'VM_EXITED', () => broken({ run: { end: { how: 'guestCrash', afterMs: 400 } } })],
    [
      'the guest does not shut down',
      'VM_TIMED_OUT',
      () => broken({ guest: { ignoresShutDown: true } }),
      {},
      short,
    ],
    ['it may not administer', 'IMAGE_BUILD_FAILED', () => mac.putInto('golden', 'root/no-sudo', '')],
    ['the guest has no room', 'IMAGE_BUILD_FAILED', () => mac.putInto('golden', 'root/free-kib', '1000')],
    ['a tool of the guest fails', 'IMAGE_BUILD_FAILED', () => tool('ssh-keygen', 'echo no >&2; exit 3')],
    ['the archive arrives altered', 'IMAGE_BUILD_FAILED', () => tool('shasum', 'echo 00 x')],
    [
      'its rcodesign is another one',
      'IMAGE_BUILD_FAILED',
      () => tool('install', 'echo "echo 1" > "$4"; chmod 755 "$4"'),
    ],
    [
      'sshd goes by other settings',
      'IMAGE_BUILD_FAILED',
      () => mac.putInto('golden', 'root/etc/ssh/sshd_config.d/000-a.conf', 'AllowTcpForwarding no\n'),
    ],
    ['its name is taken meanwhile', 'IMAGE_EXISTS', () => broken({ faults: { rename: TAKEN } })],
  ])('%s: %s', async (_, code, arrange, wish = {}, more = {}) => {
    await arrange();
    expect(await codeOf(mac.build(wish, more))).toBe(code);
    await mac.expectOnly([]);
  });

  /** A program that stands in front of the real one in the guest; it lies on the disk of the base. */
  const tool = (name: string, script: string) =>
    mac.putInto('golden', `root/usr/local/bin/${name}`, `#!/bin/sh\n${script}\n`, 0o755);
});

describe('the archive of rcodesign', () => {
  test.each([
    ['cannot be reached', 'http://127.0.0.1:9/x.tar.gz', /connect ECONNREFUSED|ECONNREFUSED|bad port/],
    ['is another one', '', /expected 0{64}/],
  ])('%s: no machine is made', async (_, url, reason) => {
    const server = createServer((_request, response) => void response.end('another one'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.tar.gz`;
    const release = { url: url || own, sha256Hex: '0'.repeat(64) };
    const failure = await mac.build({}, { settings: { release } }).catch((error: Error) => error);
    server.close();
    expect(failure).toMatchObject({ code: 'RCODESIGN_MISSING' });
    expect((failure as Error).message).toMatch(reason);
    expect(mac.lines).toEqual(['looking at this host']);
    await mac.expectOnly([]);
  });
});

const FULL = {
  exitCode: 1,
  stderr: 'Error: “disk.img” couldn’t be copied because there isn’t enough space.',
};
const TAKEN = {
  exitCode: 64,
  stderr:
    'Error: failed to rename VM a, target VM fresh already exists, delete it first!\nUsage: tart rename',
};

describe('cancelled', () => {
  test.each([
    ...['looking at this host', 'booting a clone of the base image', 'looking at its guest'],
    ...['installing rcodesign', 'switching off sleep, screen saver and software updates'],
    ...['authorising the SSH key; the keys of the base image are removed'],
    ...['making a host key of its own, and setting up sshd', 'shutting the guest down'],
    ...['trying out a clone of it', 'giving it its name'],
  ])('while %s: everything is undone', async (phase) => {
    const stopping = new AbortController();
    const reason = new Error('stopped');
    const onLine = (line: string) => line === phase && stopping.abort(reason);
    const env = { PERRY_TART_SSH_KEY_FILE: mac.key.file };
    expect(await codeOf(mac.build({}, { env, signal: stopping.signal, onLine }))).toBe(reason);
    await mac.expectOnly([]);
  });

  test('while the registry delivers', async () => {
    await publish(mac.host.home);
    await mac.host.setKnobs({ times: { pullStep: 60_000 } });
    const stopping = new AbortController();
    const onLine = (line: string) => line === '  0%' && stopping.abort(new Error('stopped'));
    await codeOf(mac.build({ from: undefined }, { signal: stopping.signal, onLine }));
    await mac.expectOnly([]);
  });
});

import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ImageHostForTests, imageHost } from '../helpers/tart-images.ts';
import { makeImage } from '../tart-emulator/host.ts';

let mac: ImageHostForTests;
beforeEach(async () => {
  mac = await imageHost();
});
afterEach(() => mac.host.remove());

const signal = new AbortController().signal;
const wish = { name: 'fresh', force: false, from: 'golden' };

test('the list has every machine that an image can be, those of jobs left out', async () => {
  await makeImage(mac.host.home, 'perry-ship-dead0000-00000000-0000-4000-8000-000000000000');
  await mac.build();
  const images = await mac.maker().list({ signal });
  expect(images.map(({ name }) => name).sort()).toEqual(['fresh', 'golden']);
  expect(images.find(({ name }) => name === 'fresh')).toMatchObject({
    builtAt: expect.stringMatching(/^\d{4}-/),
    facts: { os: 'macOS 15.5', state: 'stopped', rcodesign: '0.29.0', base: 'golden' },
  });
  expect(images.find(({ name }) => name === 'golden')?.facts).toEqual({ os: 'macOS', state: 'stopped' });
});

test.each([
  ['osVersion', '15.5\u001b[2J'],
  ['builtBy', '1.0 or so'],
  ['base', 'golden\u202e'],
  ['base', ''],
])('a record whose %s is %j says nothing', async (field, value) => {
  await mac.build();
  const path = join(mac.host.home, 'vms', 'fresh', 'image.json');
  const record = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...record, [field]: value }));
  const [fresh] = (await mac.maker().list({ signal })).filter(({ name }) => name === 'fresh');
  expect(fresh?.facts).toEqual({ os: 'macOS', state: 'stopped' });
  await writeFile(path, JSON.stringify({ ...record, base: 'my own base:1' }));
  expect((await mac.maker().list({ signal })).find(({ name }) => name === 'fresh')?.facts).toMatchObject({
    base: 'my own base:1',
  });
});

test('only an image that was built here is removed', async () => {
  await mac.build();
  const maker = mac.maker();
  await expect(maker.remove('golden', { signal })).rejects.toMatchObject({ code: 'IMAGE_NOT_OURS' });
  await expect(maker.remove('nowhere', { signal })).rejects.toMatchObject({ code: 'VM_IMAGE_MISSING' });
  await maker.remove('fresh', { signal });
  await mac.expectOnly([]);
});

test('a running one is neither removed nor replaced, nor made anything of', async () => {
  await mac.build();
  await writeFile(
    join(mac.host.home, 'vms', 'fresh', '.lock'),
    JSON.stringify({ pid: process.pid, start: await startOf(process.pid) }),
  );
  const running = { code: 'IMAGE_IN_USE' };
  await expect(mac.maker().remove('fresh', { signal })).rejects.toMatchObject(running);
  await expect(mac.build({ force: true })).rejects.toMatchObject(running);
  await expect(mac.build({ name: 'other', from: 'fresh' })).rejects.toMatchObject(running);
  expect((await mac.maker().list({ signal })).find(({ name }) => name === 'fresh')?.fault).toContain('stop');
});

/** As the emulator knows a process again. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

test('a dry run names every command of Tart that a build runs, and runs none', async () => {
  const log = join(mac.host.folder, 'calls');
  const real = join(mac.host.bin, 'tart-itself');
  await rename(mac.host.tart, real);
  await writeFile(mac.host.tart, `#!/bin/sh\necho "$*" >> '${log}'\nexec '${real}' "$@"\n`);
  await chmod(mac.host.tart, 0o755);
  const env = { PERRY_TART_SSH_KEY_FILE: mac.key.file };
  const plan = await mac.maker(env).plan(wish, { signal });
  await expect(readFile(log, 'utf8')).rejects.toThrow('ENOENT');
  await mac.build({}, { env });
  const names = ['DRAFT', 'TRIAL'];
  const given = new Map<string, string>();
  const calls = (await readFile(log, 'utf8')).replaceAll(/perry-ship-[0-9a-f-]{45}/g, (name) => {
    given.set(name, given.get(name) ?? names[given.size] ?? name);
    return given.get(name) ?? name;
  });
  const planned = plan.join('\n').replaceAll(/'|"/g, '');
  for (const line of calls.split('\n').filter((each) => /^(clone|set|run|rename|delete|pull) /.test(each)))
    expect(planned).toContain(`tart ${line}`);
  expect(planned).toContain('sudo ssh-keygen -q -t ed25519');
  expect(planned).toContain('AllowTcpForwarding remote');
  expect(plan.join('\n')).not.toContain('PRIVATE KEY');
});

test.each([
  ['another driver’s flag', { suite: 'bookworm' }],
  ['a base that is an option', { from: '--help' }],
  ['no such file for Xcode', { xcode: '/nowhere/Xcode.xip' }],
  ['a file that is no .xip', { xcode: import.meta.filename }],
])('%s is refused before anything is made', async (_, wrong) => {
  await expect(mac.maker().plan({ ...wish, ...wrong }, { signal })).rejects.toMatchObject({
    code: 'COMMAND_USAGE_WRONG',
  });
});

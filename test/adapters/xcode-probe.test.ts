import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probeToolchain } from '../../src/adapters/xcode/index.ts';
import { never } from '../helpers/local-vm.ts';
import { bootXcodeGuest, type Knobs, type XcodeGuest } from '../helpers/xcode-guest.ts';

let guest: XcodeGuest;
beforeAll(async () => {
  guest = await bootXcodeGuest();
});
afterAll(() => guest.remove());

const probe = async (knobs: Knobs) => {
  await guest.setKnobs(knobs);
  return probeToolchain(guest.session, { signal: never });
};

test('a Mac with Xcode is told by its system and every tool', async () => {
  expect(await probe({})).toBe('xcode');
  expect(await guest.calls()).toEqual([
    ['xcode-select', '-p'],
    ['xcrun', '--find', 'actool'],
    ['xcrun', '--find', 'stapler'],
  ]);
});

test.each<[string, Knobs]>([
  ['no Mac', { uname: 'Linux' }],
  ['no developer tools', { xcode: 'none' }],
  ['the command line tools without Xcode', { xcode: 'tools' }],
  ['a licence that nobody accepted', { xcode: 'unlicensed' }],
  ['an Xcode without stapler', { missing: 'stapler' }],
])('%s is a portable guest, without an error', async (_, knobs) => {
  expect(await probe(knobs)).toBe('portable');
});

test('without developer tools nothing asks xcrun, which would open a dialogue', async () => {
  await probe({ xcode: 'none' });
  expect(await guest.calls()).toEqual([['xcode-select', '-p']]);
});

test('a Mac that lacks one tool of the system is a portable guest', async () => {
  await rm(join(guest.cloneDir, 'bin', 'hdiutil'));
  expect(await probe({})).toBe('portable');
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGuestToolchain } from '../../src/adapters/xcode/guest-toolchain.ts';
import { probeToolchain } from '../../src/adapters/xcode/index.ts';
import { loadConfig } from '../../src/config/load.ts';
import { bootXcodeGuest, type XcodeGuest } from '../helpers/xcode-guest.ts';

const { signal } = new AbortController();
let guest: XcodeGuest;
beforeAll(async () => {
  guest = await bootXcodeGuest();
});
afterAll(() => guest.remove());

test.each([
  ['xcode', false, 'linux', 'xcode'],
  ['portable', false, 'darwin', 'portable'],
  ['xcode', true, 'linux', 'xcode'],
  [undefined, true, 'linux', 'portable'],
  [undefined, true, 'darwin', undefined],
  [undefined, false, 'linux', undefined],
  [undefined, false, 'darwin', undefined],
] as const)(
  'configured %s, the host itself: %s, on %s: %s',
  (configured, isHostItself, hostPlatform, certain) => {
    const toolchain = createGuestToolchain({ configured, isHostItself, hostPlatform });
    expect([toolchain.certain, toolchain.expected()]).toEqual([certain, certain]);
  },
);

test('what a guest has answered is expected of the next one, and another answer takes its place', async () => {
  const toolchain = createGuestToolchain({ isHostItself: false, hostPlatform: 'darwin' });
  toolchain.learn(await probeToolchain(guest.session, { signal }));
  expect(toolchain.expected()).toBe('xcode');
  await guest.setKnobs({ xcode: 'none' });
  toolchain.learn(await probeToolchain(guest.session, { signal }));
  expect([toolchain.expected(), toolchain.certain]).toEqual(['portable', undefined]);
});

test('PERRY_TOOLCHAIN takes two words, and no other', () => {
  const configured = (word: string) => loadConfig({ PERRY_TOOLCHAIN: word }).config.toolchain;
  expect(['xcode', 'portable', ''].map(configured)).toEqual(['xcode', 'portable', undefined]);
  expect(() => configured('Xcode 26')).toThrow(/PERRY_TOOLCHAIN must be xcode or portable/);
});

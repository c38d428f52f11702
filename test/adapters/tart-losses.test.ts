import { describe, expect, test } from 'vitest';
import type { Knobs } from '../tart-emulator/host.ts';
import { faulty, type LimitsOfLife, live, on } from '../tart-emulator/lifecycle.ts';

const NO_SPACE = 'Error: “disk.img” couldn’t be copied because there isn’t enough space.';
const LOCK_LOST = 'Error: Failed("failed to lock /x/tmp/1F: Bad file descriptor")';

describe.concurrent('a fault that ends the machine: what is said, and nothing is left', () => {
  test.each<[string, Knobs, string, LimitsOfLife?]>([
    ['clone: fails', faulty('clone', { exitCode: 1, stderr: 'Error: odd' }), 'VM_CLONE_FAILED'],
    [
      'clone: fails after it has worked',
      faulty('clone', { exitCode: 1, stderr: LOCK_LOST, late: true }),
      'VM_CLONE_FAILED',
    ],
    ['clone: disk full', faulty('clone', { exitCode: 1, stderr: NO_SPACE }), 'VM_DISK_FULL'],
    [
      'clone: image gone',
      faulty('clone', { exitCode: 2, stderr: 'the specified VM "golden" does not exist' }),
      'VM_IMAGE_MISSING',
    ],
    ['clone: hangs', faulty('clone', { hang: true }), 'VM_TIMED_OUT', { cloneTimeout: 900 }],
    [
      'clone: hangs and ignores signals',
      faulty('clone', { hang: 'stubborn' }),
      'VM_TIMED_OUT',
      { cloneTimeout: 900, deleteTimeout: 6_000 },
    ],
    [
      'clone: does not know its options',
      faulty('clone', { exitCode: 64, stderr: 'Error: Unknown option' }),
      'VM_HOST_NOT_READY',
    ],
    ['list: fails always', faulty('list', { exitCode: 1, stderr: 'Error: odd' }), 'VM_LIST_FAILED'],
    ['set: fails', faulty('set', { exitCode: 1, stderr: 'Error: odd' }), 'VM_CLONE_FAILED'],
    ['set: hangs', faulty('set', { hang: true }), 'VM_TIMED_OUT', { cloneTimeout: 1_500 }],
    ['run: refuses at once', faulty('run', { exitCode: 1, stderr: 'Error: odd' }), 'VM_EXITED'],
    ['run: ends at once and well', faulty('run', { exitCode: 0, stderr: '' }), 'VM_EXITED'],
    [
      'run: hangs before it has begun',
      faulty('run', { hang: 'stubborn' }),
      'VM_TIMED_OUT',
      { locateTimeout: 1_000 },
    ],
    ['run: the keychain is locked', { run: { end: { how: 'keychain', afterMs: 50 } } }, 'VM_HOST_NOT_READY'],
    ['run: the disk is in use', { run: { end: { how: 'diskInUse' } } }, 'VM_START_FAILED'],
    ['run: Apple’s own text for the limit', { run: { end: { how: 'appleLimit' } } }, 'VM_LIMIT_REACHED'],
    ['run: a third machine', { slots: { max: 0 } }, 'VM_LIMIT_REACHED'],
    [
      'run: guest shut down while booting',
      { run: { end: { how: 'guestShutdown', afterMs: 60 } } },
      'VM_EXITED',
    ],
    ['run: killed while booting', { run: { end: { how: 'killed', afterMs: 60 } } }, 'VM_EXITED'],
    ['ip: never', { ip: { never: true } }, 'VM_TIMED_OUT', { locateTimeout: 1_500 }],
    ['ip: hangs', faulty('ip', { hang: 'stubborn' }), 'VM_TIMED_OUT', { locateTimeout: 1_500 }],
    [
      'ip: always an address where nobody answers',
      { ip: { shared: '127.9.9.9' } },
      'VM_TIMED_OUT',
      { connectTimeout: 1_500 },
    ],
    ['ssh: never up', { guest: { ssh: 'refused' } }, 'VM_TIMED_OUT', { connectTimeout: 1_500 }],
    ['ssh: a black hole', { guest: { ssh: 'silent' } }, 'VM_TIMED_OUT', { connectTimeout: 1_500 }],
    [
      'ssh: resets for ever',
      { guest: { ssh: 'resets', resetMs: 60_000 } },
      'VM_TIMED_OUT',
      { connectTimeout: 1_500 },
    ],
    ['ssh: lets nobody in', { guest: { ssh: 'authRefused' } }, 'GUEST_AUTH_REFUSED'],
    [
      'ssh: lets us in and runs nothing',
      { guest: { ssh: 'execHangs' } },
      'VM_TIMED_OUT',
      { connectTimeout: 2_000 },
    ],
    [
      'ssh: lets us in and refuses commands',
      { guest: { ssh: 'execFails' } },
      'VM_TIMED_OUT',
      { connectTimeout: 2_000 },
    ],
    ['agent: hangs', faulty('exec', { hang: 'stubborn' }), 'VM_TIMED_OUT', { connectTimeout: 2_000 }],
  ])('%s', async (_, knobs, code, limits) => {
    await on(knobs, async (host) => {
      expect(await live(host, limits)).toMatchObject({ outcome: 'deleted', wasReady: false, lost: [code] });
    })();
  });

  test.each<[string, Knobs, string]>([
    ['the guest shuts down', { run: { end: { how: 'guestShutdown', afterMs: 4_000 } } }, 'VM_EXITED'],
    ['the framework gives it up', { run: { end: { how: 'guestCrash', afterMs: 4_000 } } }, 'VM_EXITED'],
    ['its network is lost', { run: { end: { how: 'networkLoss', afterMs: 4_000 } } }, 'VM_EXITED'],
    [
      'its packet filter dies',
      { run: { end: { how: 'softnetDeath', afterMs: 4_000 } } },
      'VM_HOST_NOT_READY',
    ],
    ['it is killed', { run: { end: { how: 'killed', afterMs: 4_000 } } }, 'VM_EXITED'],
    ['its SSH connection is cut', { guest: { cutMs: 4_000 } }, 'GUEST_LOST'],
  ])('a machine that was ready, and then %s', async (_, knobs, code) => {
    await on(knobs, async (host) => {
      const ended = await live(host, {}, (_name, over) => over);
      expect(ended).toMatchObject({ outcome: 'deleted', wasReady: true });
      // the connection may break a moment before the process ends
      expect([['GUEST_LOST'], [code]]).toContainEqual(ended.lost);
    })();
  });
});

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { freshName, never } from '../helpers/local-vm.ts';
import { type Knobs, type TartHost, tartHost } from '../tart-emulator/host.ts';
import { type LimitsOfLife, live } from '../tart-emulator/lifecycle.ts';

/** A test on a host of its own, on which no machine, folder or process is left at the end. */
const on = (knobs: Knobs, run: (host: TartHost) => Promise<void>) => async () => {
  const host = await tartHost({ knobs });
  await run(host);
  await host.expectNothingLeft();
  await host.remove();
};

const faulty = (command: string, fault: object, more: Knobs = {}): Knobs => ({
  faults: { [command]: fault },
  ...more,
});
const MEGABYTE = 2 ** 20;
const NO_SPACE = 'Error: “disk.img” couldn’t be copied because there isn’t enough space.';
const LOCK_LOST = 'Error: Failed("failed to lock /x/tmp/1F: Bad file descriptor")';
const GC = 'Failed to perform garbage collection: “1F” couldn’t be removed.';

describe.concurrent('a fault that the machine survives', () => {
  test.each<[string, Knobs, LimitsOfLife?]>([
    ['no fault at all', {}],
    [
      'clone: another command tidied up at the wrong moment',
      faulty('clone', { exitCode: 1, stderr: LOCK_LOST, times: 1 }),
    ],
    ['clone: slow', faulty('clone', { delayMs: 1_500 })],
    ['clone: floods stderr', faulty('clone', { floodBytes: 8 * MEGABYTE })],
    ['every command remarks on garbage collection', faulty('gc', { warning: GC })],
    [
      'list: fails while a machine is deleted',
      faulty('list', { exitCode: 1, stderr: 'Error: no such file', times: 2 }),
    ],
    ['list: prints nothing that can be read', faulty('list', { exitCode: 0, stdout: '[', times: 1 })],
    ['run: floods stderr', { run: { floodBytes: 8 * MEGABYTE } }],
    ['run: ignores SIGINT', { run: { ignoresSigint: true } }],
    ['run: swallows early SIGINTs', { run: { deafMs: 3_000 } }],
    ['run: slow to end', { times: { stop: 700 } }],
    ['ip: the lease file is being written', { ip: { leaseFileErrors: 2 } }],
    ['ip: a stale address first, where nobody answers', { ip: { first: ['127.9.9.9', '127.9.9.9'] } }],
    ['ip: something that is no address', faulty('ip', { exitCode: 0, stdout: 'fe80::1', times: 2 })],
    ['ip: slow boot', { times: { address: 1_800, ssh: 2_500, agent: 2_600 } }],
    ['ssh: up long after the address', { times: { ssh: 1_500 } }],
    ['ssh: resets connections for a while', { guest: { ssh: 'resets', resetMs: 1_000 } }],
    ['agent: up long after ssh', { times: { agent: 1_500, agentWait: 300 } }],
    ['agent: fails once', faulty('exec', { exitCode: 1, stderr: 'Error: rpcError', times: 1 })],
    ['delete: fails twice', faulty('delete', { exitCode: 1, stderr: 'Error: “vms” is busy', times: 2 })],
    [
      'delete: says that it runs, once',
      faulty('delete', { exitCode: 1, stderr: 'VM "x" is running', times: 1 }),
    ],
    ['delete: hangs once', faulty('delete', { hang: true, times: 1 }), { deleteTimeout: 1_000 }],
    ['stop: hangs, though nobody needs it', faulty('stop', { hang: 'stubborn' })],
  ])('%s', async (_, knobs, limits) => {
    await on(knobs, async (host) => {
      expect(await live(host, limits)).toMatchObject({ outcome: 'deleted', wasReady: true, lost: [] });
    })();
  });
});

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

describe.concurrent('a machine that cannot be deleted is leaked, said, and swept later', () => {
  test.each<[string, object]>([
    ['fails', { exitCode: 1, stderr: 'Error: “vms” is busy' }],
    ['says that it runs', { exitCode: 1, stderr: 'VM "x" is running' }],
    ['hangs', { hang: 'stubborn' }],
  ])('delete %s', async (_, fault) => {
    await on(faulty('delete', fault), async (host) => {
      const { driver, setKnobs } = host;
      const { outcome, name } = await live(host, { deleteTimeout: 800 });
      expect(outcome).toBe('leaked');
      expect(await driver.list({ signal: never })).toEqual([name]);
      await setKnobs({});
      await driver.stop(name, { signal: never });
      await driver.delete(name, { signal: never });
    })();
  });

  test('a folder that Tart does not see any more is found and removed', async () => {
    await on({}, async ({ home, driver }) => {
      const name = freshName();
      await mkdir(join(home, 'vms', name));
      await writeFile(join(home, 'vms', name, 'disk.img'), 'half');
      expect(await driver.list({ signal: never })).toEqual([name]);
      await driver.delete(name, { signal: never });
      expect(await driver.list({ signal: never })).toEqual([]);
    })();
  });
});

describe.concurrent('the limit of two machines', () => {
  test('three refusals while none of ours runs raise an alarm that says what to do', async () => {
    await on({ slots: { max: 0 } }, async (host) => {
      const { notes } = host;
      for (let count = 0; count < 3; count += 1) await live(host);
      expect(notes).toMatchObject([
        { level: 'error', text: expect.stringMatching(/ALARM: .*3 times in a row.*restart the host/) },
      ]);
    })();
  });

  test('a third machine is refused and deleted, the two go on', async () => {
    await on({}, async (host) => {
      const { notes } = host;
      const [gate, ready] = [gateway(), [gateway(), gateway()]];
      const two = ready.map((mine) =>
        live(host, {}, () => {
          mine.open();
          return gate.opened;
        }),
      );
      await Promise.all(ready.map(({ opened }) => opened));
      expect(await live(host)).toMatchObject({ outcome: 'deleted', lost: ['VM_LIMIT_REACHED'] });
      gate.open();
      expect(await Promise.all(two)).toMatchObject([{ lost: [] }, { lost: [] }]);
      expect(notes.filter(({ level }) => level === 'error')).toEqual([]);
    })();
  });

  test('a slot that macOS gives back late is waited for by trying again, not by us', async () => {
    await on(
      { slots: { max: 1, releaseMs: 300 }, run: { end: { how: 'killed', afterMs: 10 } } },
      async (host) => {
        const { setKnobs } = host;
        expect(await live(host)).toMatchObject({ lost: ['VM_EXITED'] });
        await setKnobs({ slots: { max: 1, releaseMs: 300 } });
        await vi.waitFor(async () => expect(await live(host)).toMatchObject({ lost: [] }), 20_000);
      },
    )();
  });
});

function gateway() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

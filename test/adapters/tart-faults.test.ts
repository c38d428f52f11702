import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshName, never } from '../helpers/local-vm.ts';
import type { Knobs } from '../tart-emulator/host.ts';
import { faulty, type LimitsOfLife, live, on } from '../tart-emulator/lifecycle.ts';

const MEGABYTE = 2 ** 20;
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

  test('a slot that macOS gives back late is waited for', async () => {
    await on(
      { slots: { max: 1, releaseMs: 300 }, run: { end: { how: 'killed', afterMs: 10 } } },
      async (host) => {
        const { setKnobs } = host;
        expect(await live(host)).toMatchObject({ lost: ['VM_EXITED'] });
        await setKnobs({ slots: { max: 1, releaseMs: 300 } });
        expect(await live(host, { slotPause: 1_000 })).toMatchObject({ lost: [], wasReady: true });
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

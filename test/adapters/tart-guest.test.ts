import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { freshName, never } from '../helpers/local-vm.ts';
import { makeImage, type TartHost, type TartHostOptions } from '../tart-emulator/host.ts';
import { live, on } from '../tart-emulator/lifecycle.ts';

const signal = never;
const WELL = { outcome: 'deleted', wasReady: true, lost: [] };
const without = { guest: { agent: false }, times: { agentWait: 50 } };

describe.concurrent('who answers over SSH', () => {
  test(
    'the pinned host key is accepted, with password or key',
    on({}, async (host) => {
      const keyFile = join(host.folder, 'id');
      await writeFile(keyFile, host.userKey.privateKey, { mode: 0o600 });
      const hostKey = host.hostKeyFingerprint;
      for (const ssh of [{ hostKey }, { hostKey, keyFile, password: 'wrong' }])
        expect(await live({ ...host, driver: host.driverWith({ ssh }) })).toMatchObject(WELL);
      expect(host.notes).toEqual([]);
    }),
  );

  test(
    'any other host key than the pinned one ends the machine',
    on({}, async (host) => {
      const driver = host.driverWith({ ssh: { hostKey: `SHA256:${'A'.repeat(43)}` } });
      expect(await live({ ...host, driver })).toMatchObject({ lost: ['GUEST_HOST_KEY_MISMATCH'] });
    }),
  );

  test(
    'a wrong password, and a key that cannot be read, are said',
    on({}, async (host) => {
      const lost = async (ssh: object) => (await live({ ...host, driver: host.driverWith({ ssh }) })).lost;
      expect(await lost({ password: 'wrong' })).toEqual(['GUEST_AUTH_REFUSED']);
      expect(await lost({ keyFile: join(host.folder, 'none') })).toEqual(['CONFIG_INVALID']);
    }),
  );

  test(
    'with an agent, no key is taken on trust, and nothing stays in the guest',
    on({}, async (host) => {
      expect(await live(host)).toMatchObject(WELL);
      expect(host.notes).toEqual([]);
    }),
  );

  test(
    'without agent and without pin the key is trusted, with one loud warning for all machines',
    on(without, async (host) => {
      for (let count = 0; count < 2; count += 1) expect(await live(host)).toMatchObject(WELL);
      expect(host.notes).toMatchObject([
        { level: 'warn', text: expect.stringMatching(/TAKEN ON TRUST.*PERRY_TART_HOST_KEY/) },
      ]);
    }),
  );

  test(
    'without agent but pinned there is no warning',
    on(without, async (host) => {
      const driver = host.driverWith({ ssh: { hostKey: host.hostKeyFingerprint } });
      for (let count = 0; count < 2; count += 1) expect(await live({ ...host, driver })).toMatchObject(WELL);
      expect(host.notes).toEqual([]);
    }),
  );

  test(
    'an agent that used to answer cannot be silenced to be trusted',
    on({}, async (host) => {
      expect(await live(host)).toMatchObject(WELL);
      await host.setKnobs(without);
      expect(await live(host, { connectTimeout: 2_500 })).toMatchObject({ lost: ['VM_TIMED_OUT'] });
      expect(host.notes).toEqual([]);
    }),
  );

  test(
    'a machine that has the address of another one is not taken for it',
    on({}, async (host) => {
      const { driver } = host;
      const name = freshName();
      await driver.clone('golden', name, { signal });
      const life = driver.run(name, { signal, onStarted: () => undefined });
      const { host: address } = await vi.waitFor(() => driver.locate(name, { signal }), 10_000);
      await host.setKnobs({ ip: { first: [address, address] } });
      const session = await vi.waitFor(
        () =>
          driver.openGuest(
            { host: address, port: 2222, user: 'admin', hostKeyFingerprint: '', machine: name },
            { signal },
          ),
        10_000,
      );
      const reached = vi.spyOn(driver, 'openGuest');
      expect(await live(host)).toMatchObject(WELL);
      expect(reached.mock.calls.map(([asked]) => asked.host).slice(0, 2)).toEqual([
        address,
        expect.any(String),
      ]);
      await expect(reached.mock.results[0]?.value).rejects.toMatchObject({ code: 'VM_IDENTITY_UNPROVEN' });
      await session.close();
      await driver.delete(name, { signal });
      await life;
    }),
  );
});

test('a stale address, where somebody else turns us away, is asked for again', async () => {
  await on({ guest: { ssh: 'authRefused' } }, async (neighbour) => {
    const name = freshName();
    await neighbour.driver.clone('golden', name, { signal });
    const life = neighbour.driver.run(name, { signal, onStarted: () => undefined });
    const { host: address } = await vi.waitFor(() => neighbour.driver.locate(name, { signal }), 10_000);
    await on({ ip: { first: [address] }, times: { ssh: 60 } }, async (host) => {
      const reached = vi.spyOn(host.driver, 'openGuest');
      expect(await live(host)).toMatchObject(WELL);
      expect(reached.mock.calls[0]?.[0].host).toBe(address);
      await expect(reached.mock.results[0]?.value).rejects.toMatchObject({ code: 'GUEST_UNREACHABLE' });
    })();
    await neighbour.driver.delete(name, { signal });
    await life;
  })();
});

describe.concurrent('before anything is cloned', () => {
  const refuses = async (call: Promise<void> | undefined, code: string, exitCode = 69) => {
    const error = await (call as Promise<void>).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(exitCodeOf(error)).toBe(exitCode);
  };

  test(
    'a host that can make machines passes',
    on({}, async ({ driver }) => {
      await driver.checkHost?.('golden', { signal });
    }),
  );

  test(
    'an image of a registry counts when it is in the cache, and is never pulled',
    on({}, async ({ home, driver }) => {
      await makeImage(home, 'oci');
      const place = join(home, 'cache/OCIs/r.test/mac/golden');
      await mkdir(place, { recursive: true });
      await rename(join(home, 'vms/oci'), join(place, 'latest'));
      await driver.checkHost?.('r.test/mac/golden', { signal });
      await driver.checkHost?.('r.test/mac/golden:latest', { signal });
      await refuses(driver.checkHost?.('r.test/mac/golden:2', { signal }), 'VM_IMAGE_MISSING');
      await refuses(driver.clone('r.test/mac/golden:2', freshName(), { signal }), 'VM_IMAGE_MISSING');
    }),
  );

  test(
    'no tart, another tart, a tart that fails, no image, a key that is not there',
    on({}, async (host) => {
      const { driver, driverWith, folder, setKnobs } = host;
      const check = (checked = driver, image = 'golden') => checked.checkHost?.(image, { signal });
      await refuses(check(driverWith({ binary: join(folder, 'none') })), 'COMMAND_NOT_FOUND');
      await refuses(check(driverWith({ binary: '/bin/echo' })), 'VM_HOST_NOT_READY');
      await refuses(check(driverWith({ binary: '/bin/false' })), 'VM_HOST_NOT_READY');
      await refuses(check(driver, 'silver'), 'VM_IMAGE_MISSING');
      await refuses(check(driverWith({ ssh: { keyFile: join(folder, 'none') } })), 'CONFIG_INVALID', 78);
      await setKnobs({ faults: { list: { exitCode: 1, stderr: 'Error: odd' } } });
      await refuses(check(), 'VM_LIST_FAILED');
    }),
  );

  test(
    'a disk with too little space stops the clone, and says how little',
    on({}, async ({ driverWith }) => {
      const driver = driverWith({ minFreeDiskGb: 100_000 });
      const refused = await driver.clone('golden', freshName(), { signal }).catch((error: unknown) => error);
      expect(refused).toMatchObject({
        failure: { code: 'VM_DISK_FULL', retryable: true, reason: expect.stringMatching(/\d GB free/) },
      });
    }),
  );
});

const RULES = { allow: ['@host'], block: ['0.0.0.0/0'] };

/** Lives once; says with which rules of Softnet it ran. */
async function rulesOf(host: TartHost): Promise<unknown> {
  const read = (name: string) => readFile(join(host.home, 'vms', name, 'softnet.json'), 'utf8');
  const seen: unknown[] = [];
  const lived = await live(host, {}, async (name) =>
    seen.push(JSON.parse(await read(name).catch(() => 'null'))),
  );
  expect(lived).toMatchObject(WELL);
  return seen[0];
}

describe.concurrent('what a guest reaches', () => {
  test.each(['works', 'by sudo'] as const)(
    'with Softnet that %s: nothing but this host, and SSH works',
    (softnet) =>
      on(
        {},
        async (host) => {
          expect(await host.driver.reach({ signal })).toEqual({ network: 'blocked' });
          expect(await rulesOf(host)).toEqual(RULES);
        },
        { softnet },
      )(),
  );

  test.each<[string, TartHostOptions, RegExp]>([
    ['not installed', {}, /^Install Softnet 0\.19\.0 or newer \("brew install/],
    [
      'may not run as root',
      { softnet: 'helpless' },
      /^Run "sudo chown root '.*softnet' && sudo chmod u\+s '.*softnet'"/,
    ],
    ['too old to tell the host from others', { softnet: 'old' }, /^Bring Softnet to 0\.19\.0/],
  ])('Softnet %s: what this host reaches, with what to do', (_, options, fix) =>
    on(
      {},
      async (host) => {
        const shared = { network: 'shared', fix: expect.stringMatching(fix) };
        expect(await host.driver.reach({ signal })).toEqual(shared);
        expect(await rulesOf(host)).toBeNull();
      },
      options,
    )(),
  );

  test(
    'asked for, the network of this host is shared without a word',
    on(
      {},
      async (host) => {
        const driver = host.driverWith({ guestNetwork: 'shared' });
        expect(await driver.reach({ signal })).toEqual({ network: 'shared' });
        expect(await rulesOf({ ...host, driver })).toBeNull();
      },
      { softnet: 'works' },
    ),
  );

  test(
    'a filter that is gone by then fails the machine: it does not come up without one',
    on(
      {},
      async (host) => {
        expect(await host.driver.reach({ signal })).toEqual({ network: 'blocked' });
        await rm(join(host.bin, 'softnet'));
        expect(await live(host)).toMatchObject({ wasReady: false, lost: ['VM_HOST_NOT_READY'] });
      },
      { softnet: 'works' },
    ),
  );
});

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { bootVm, type LocalHost, type LocalVm, localHost } from './local-vm.ts';
import { rcodesignPath } from './rcodesign-fixtures.ts';

/** What a test of transfers works with: see `transferRoom`. */
export interface TransferRoom {
  readonly host: LocalHost;
  readonly vm: LocalVm;
  /** A folder on this host. */
  readonly near: string;
  /** Where paths in the guest count from. */
  readonly guestHome: string;
}

/**
 * One machine for the tests of a file; its home and a folder on this host are empty before each of them.
 *
 * @param onReady - given what there is before each test
 */
export function transferRoom(onReady: (room: TransferRoom) => void): void {
  let host: LocalHost;
  let vm: LocalVm;
  let near: string;
  const homeOf = ({ cloneDir }: LocalVm): string => join(cloneDir, 'home');
  beforeAll(async () => {
    host = await localHost([dirname(rcodesignPath)]);
    vm = await bootVm(host);
  });
  afterAll(async () => {
    await vm.delete();
    await host.remove();
  });
  beforeEach(async () => {
    near = await mkdtemp(join(tmpdir(), 'perry-near-'));
    onReady({ host, vm, near, guestHome: homeOf(vm) });
  });
  afterEach(async () => {
    await rm(near, { recursive: true, force: true });
    for (const name of await readdir(homeOf(vm)))
      await rm(join(homeOf(vm), name), { recursive: true, force: true });
  });
}

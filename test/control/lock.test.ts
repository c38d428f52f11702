import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identityOf } from '../../src/control/process-identity.ts';
import { holderOf, lockStateDir } from '../../src/control/state-lock.ts';

let stateDir: string;
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'perry-lock-'));
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const taken = { code: 'DAEMON_ALREADY_RUNNING', failure: { kind: 'host' } };

/** A process that is there until it is killed. */
async function sleeper() {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log(1)']);
  await once(child.stdout, 'data');
  const pid = child.pid as number;
  const kill = async () => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return { pid, kill };
}

async function plantLock(holder: object | string, generation = 1): Promise<void> {
  await mkdir(join(stateDir, 'lock'), { recursive: true });
  const text = typeof holder === 'string' ? holder : JSON.stringify(holder);
  await writeFile(join(stateDir, 'lock', String(generation)), text);
}

describe('the lock of a state directory', () => {
  test('is held by one, names its process, and is free again after its release', async () => {
    const first = await lockStateDir(stateDir);
    await expect(lockStateDir(stateDir)).rejects.toMatchObject(taken);
    await expect(lockStateDir(stateDir)).rejects.toThrow(`process ${process.pid}`);
    expect(await holderOf(stateDir)).toEqual({ pid: process.pid });
    await first.release();
    expect(await holderOf(stateDir)).toBeUndefined();
    await (await lockStateDir(stateDir)).release();
  });

  test('of a process that was killed is taken over; of one that lives it is not', async () => {
    const { pid, kill } = await sleeper();
    const identity = await identityOf(pid);
    await plantLock({ pid, mark: identity.state === 'alive' ? identity.mark : '', released: false });
    await expect(lockStateDir(stateDir)).rejects.toThrow(`process ${pid}`);
    await kill();
    await (await lockStateDir(stateDir)).release();
  });

  test('removes what one that was killed while it wrote has left', async () => {
    await plantLock('{"pid":', 7);
    await writeFile(join(stateDir, 'lock', 'draft-of-a-killed-one'), '{"pi');
    const lock = await lockStateDir(stateDir);
    expect(await readdir(join(stateDir, 'lock'))).toEqual(['8']);
    await lock.release();
  });

  test('does not believe a number that another process has now', async () => {
    const { pid, kill } = await sleeper();
    await plantLock({ pid, mark: 'an earlier boot/1', released: false });
    await (await lockStateDir(stateDir)).release();
    await kill();
  });

  test('survives a damaged file', async () => {
    await plantLock('{"pid":');
    await (await lockStateDir(stateDir)).release();
  });

  test.each([
    ['nothing was there', undefined],
    ['a dead one was there', { pid: 2 ** 22 + 1, mark: '', released: false }],
  ])('goes to exactly one of many at once when %s', async (_, before) => {
    for (let round = 1; round <= 15; round += 1) {
      if (before) await plantLock(before, 1_000 * round);
      const tries = await Promise.allSettled(Array.from({ length: 12 }, () => lockStateDir(stateDir)));
      const won = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      const lost = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
      expect(won).toHaveLength(1);
      expect(new Set(lost)).toEqual(new Set(['DAEMON_ALREADY_RUNNING']));
      await won[0]?.release();
    }
    expect(await readdir(join(stateDir, 'lock'))).toHaveLength(1);
  });

  describe('on a disk that is full', () => {
    /** As the system does it: the file is there, and empty. */
    const full = async (path: string) => {
      await writeFile(path, '');
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    };
    const fullLock = () => lockStateDir(stateDir, full);

    test('is held, seen, released and taken over all the same', async () => {
      const first = await fullLock();
      expect(await holderOf(stateDir)).toEqual({ pid: process.pid });
      for (const again of [fullLock, () => lockStateDir(stateDir)])
        await expect(again()).rejects.toThrow(`process ${process.pid}`);
      await first.release();
      expect(await holderOf(stateDir)).toBeUndefined();
      await (await fullLock()).release();
      await (await lockStateDir(stateDir)).release();
      expect(await readdir(join(stateDir, 'lock'))).toEqual(['3']);
    });

    test('goes to exactly one of many at once, and of a killed one to the next', async () => {
      await mkdir(join(stateDir, 'lock'), { recursive: true });
      await symlink(`${2 ** 22 + 1}/an earlier boot/1`, join(stateDir, 'lock', '1'));
      const tries = await Promise.allSettled(Array.from({ length: 12 }, fullLock));
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });
  });

  test('is refused where other users may write, with the command that fixes it', async () => {
    await chmod(stateDir, 0o777);
    await expect(lockStateDir(stateDir)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`chmod 700 "${stateDir}"`),
    });
    await chmod(stateDir, 0o700);
    await (await lockStateDir(stateDir)).release();
  });
});

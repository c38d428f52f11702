import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makePrivate, unfitFor } from '../../src/control/private-folder.ts';
import { makeFolder } from '../../src/files/disk/make-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-private-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const refused = { code: 'CONFIG_INVALID', failure: { kind: 'host' } };
const isRoot = process.geteuid?.() === 0;

describe('the state directory', () => {
  test('is made, with the folders above it, for this user alone', async () => {
    const path = join(folder, 'a/b');
    await makePrivate(path);
    await makePrivate(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  test.runIf(isRoot)('of another user is refused, also behind a link', async () => {
    const path = join(folder, 'theirs');
    await mkdir(path, { mode: 0o700 });
    await chown(path, 12_345, 12_345);
    await symlink(path, join(folder, 'link'));
    for (const name of ['theirs', 'link'])
      await expect(makePrivate(join(folder, name))).rejects.toMatchObject({
        ...refused,
        message: expect.stringContaining('belongs to another user'),
      });
  });

  test('of another user, or open to others, is unfit whoever asks', () => {
    const user = process.geteuid?.() ?? 0;
    expect(unfitFor('/s', { uid: user + 1, mode: 0o40700 })?.summary).toContain('belongs to another user');
    expect(unfitFor('/s', { uid: user, mode: 0o40770 })?.nextStep).toContain('chmod 700 "/s"');
    expect(unfitFor('/s', { uid: user, mode: 0o40755 })).toBeUndefined();
  });

  test('that others may write to is refused', async () => {
    await chmod(folder, 0o777);
    await expect(makePrivate(folder)).rejects.toMatchObject(refused);
  });

  test('that cannot be made is refused with the reason', async () => {
    await writeFile(join(folder, 'file'), '');
    await symlink(join(folder, 'nowhere'), join(folder, 'dangling'));
    for (const path of [
      '/proc/perry/state',
      join(folder, 'file'),
      join(folder, 'file/x'),
      join(folder, 'dangling'),
    ])
      await expect(makePrivate(path)).rejects.toMatchObject(refused);
  });
});

test('a folder that cannot hold another one ends in an error', async () => {
  await expect(makeFolder('/proc/perry/a/b')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(makeFolder('/dev/null/a')).rejects.toMatchObject({ code: 'ENOTDIR' });
});

import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withEnvFile } from '../../src/config/env-file.ts';
import { loadConfig } from '../../src/config/load.ts';
import { settings } from '../../src/config/settings.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-env-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function envFile(text: string, mode: number): Promise<string> {
  const path = join(folder, 'perry.env');
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

describe('a file of settings', () => {
  test.each([0o640, 0o604, 0o644, 0o660, 0o620])(
    'with a secret is refused at mode %o, without its value',
    async (mode) => {
      const path = await envFile('PERRY_HUB_URL=ws://h\nPERRY_HUB_WORKER_SECRET=s3cret-value\n', mode);
      const error = await withEnvFile({}, path).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
      expect(String(error)).toContain(`Run: chmod 600 "${path}"`);
      expect(String(error)).toContain('PERRY_HUB_WORKER_SECRET');
      expect(String(error)).not.toContain('s3cret-value');
    },
  );

  test.each([
    ['PERRY_HUB_SECRET=abc', 0o644],
    ['PERRY_TART_SSH_PASSWORD=abc', 0o644],
  ])('knows every name of a secret: %s', async (text, mode) => {
    await expect(withEnvFile({}, await envFile(text, mode))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  test.each([
    ['with a secret, for its owner alone', 'PERRY_HUB_WORKER_SECRET=abc', 0o600],
    ['without a secret', 'PERRY_WORKER_NAME=abc', 0o644],
    ['with an empty secret', 'PERRY_HUB_WORKER_SECRET=\nPERRY_WORKER_NAME=abc', 0o644],
  ])('%s is read', async (_, text, mode) => {
    const env = await withEnvFile(
      { PERRY_HUB_URL: 'ws://mine' },
      await envFile(`${text}\nPERRY_HUB_URL=ws://its\n`, mode),
    );
    expect(Object.values(env)).toContain('abc');
    expect(env.PERRY_HUB_URL).toBe('ws://mine');
  });
});

test('what is no plain file is refused, and not waited for', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  for (const path of [join(folder, 'pipe'), folder, '/dev/zero', join(folder, 'missing')])
    await expect(withEnvFile({}, path)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('lines that say nothing are named by their number alone', async () => {
  const lines = [
    '# a comment',
    'PERRY_HUB_URL ws://nothing-here',
    'export PERRY_WORKER_NAME=mine',
    "PERRY_TART_SSH_PASSWORD='one",
    'two words',
    "three'",
    's3cret-value',
    'PERRY_TART_IMAGE="a = b"',
    '',
  ];
  const path = await envFile(lines.join('\r\n'), 0o600);
  const remarks: string[] = [];
  const env = await withEnvFile({}, path, (remark) => remarks.push(remark));
  expect(env).toMatchObject({ PERRY_WORKER_NAME: 'mine', PERRY_TART_IMAGE: 'a = b' });
  expect(remarks.map((text) => /Line (\d+)/.exec(text)?.[1])).toEqual(['2', '7']);
  expect(remarks.join()).not.toContain('s3cret');
});

describe('a variable that looks like a setting and is none', () => {
  test.each([
    ['PERRY_HUB_ULR', 'PERRY_HUB_URL'],
    ['PERRY_HUB_WORKER_SECRT', 'PERRY_HUB_WORKER_SECRET'],
    ['PERRY_TART_SSH_PASSWROD', 'PERRY_TART_SSH_PASSWORD'],
    ['PERRY_MAX_CONCURRENT_BUILD', 'PERRY_MAX_CONCURRENT_BUILDS'],
    ['PERRY_Hub_URL', 'PERRY_HUB_URL'],
  ])('%s is told with the nearest name, without its value', (name, meant) => {
    const { warnings } = loadConfig({ [name]: 's3cret-value' }, 'linux');
    expect(warnings).toEqual([expect.stringContaining(`${name} is no setting`)]);
    expect(warnings[0]).toContain(`did you mean ${meant}?`);
    expect(warnings[0]).not.toContain('s3cret');
  });

  test('is told without a guess when it is like none', () => {
    expect(loadConfig({ PERRY_SOMETHING_ELSE_ALTOGETHER: '1' }, 'linux').warnings).toEqual([
      'PERRY_SOMETHING_ELSE_ALTOGETHER is no setting of perry-ship and is not read.',
    ]);
  });

  test('names that are known, and those of others, are not told', () => {
    const known = Object.values(settings).map(({ variable }) => [variable, undefined]);
    expect(
      loadConfig({ ...Object.fromEntries(known), PATH: '/bin', PERRYMASON: '1' }, 'linux').warnings,
    ).toEqual([]);
  });
});

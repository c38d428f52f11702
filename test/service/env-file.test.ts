import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withEnvFile } from '../../src/config/env-file.ts';

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

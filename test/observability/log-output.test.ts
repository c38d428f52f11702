import { mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toLogFile } from '../../src/observability/log-output.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-log-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Lines of one turn are written together, behind it. */
const written = () => new Promise<void>((resolve) => setImmediate(resolve));

test('the log goes on in a new file when the old one was renamed or removed, and no line is lost', async () => {
  const path = join(folder, 'perry-ship.log');
  const write = toLogFile(path);
  write('a\n');
  write('b\n');
  await written();
  await rename(path, `${path}.0`);
  write('c\n');
  await written();
  await rm(path);
  write('d\n');
  await written();
  expect(await readFile(`${path}.0`, 'utf8')).toBe('a\nb\n');
  expect(await readFile(path, 'utf8')).toBe('d\n');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a folder that goes away stops nobody, and the log is back with it', async () => {
  const path = join(folder, 'perry-ship.log');
  const write = toLogFile(path);
  await rm(folder, { recursive: true });
  write('lost\n');
  await written();
  expect(() => toLogFile(path)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

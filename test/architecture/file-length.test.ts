import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const MAX_LINES = 300;

test.each(['src', 'machines'])(`no file below %s has more than ${MAX_LINES} lines`, async (folder) => {
  const names = (await readdir(join(root, folder), { recursive: true })).filter((name) =>
    /\.tsx?$/.test(name),
  );
  expect(names.length).toBeGreaterThan(50);
  const long: string[] = [];
  for (const name of names) {
    const lines = (await readFile(join(root, folder, name), 'utf8')).split('\n').length - 1;
    if (lines > MAX_LINES) long.push(`${folder}/${name}: ${lines}`);
  }
  expect(long, 'split it by what its parts are about').toEqual([]);
});

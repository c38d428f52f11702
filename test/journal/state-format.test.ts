import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { adoptState, formatOf } from '../../src/journal/state-format.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-format-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (text: string) => writeFile(join(folder, 'format.json'), text);
/** A program that knows formats up to 3. */
const third = (done: string[], failing?: number) => ({
  current: 3,
  steps: Object.fromEntries(
    [1, 2].map((format) => [
      format,
      async () => {
        if (format === failing) throw new Error('the disk is full');
        done.push(`${format} to ${format + 1}`);
      },
    ]),
  ),
});

test('a new directory, and one of before there were formats, get the note', async () => {
  await adoptState(folder, '0.2.0');
  expect(await formatOf(folder)).toEqual({ format: 1, writtenBy: '0.2.0' });
  await adoptState(folder, '0.3.0');
  expect(JSON.parse(await readFile(join(folder, 'format.json'), 'utf8'))).toMatchObject({
    writtenBy: '0.3.0',
  });
});

test('an older format is brought to the present one, step by step', async () => {
  const done: string[] = [];
  await adoptState(folder, '3.0.0', third(done));
  expect(done).toEqual(['1 to 2', '2 to 3']);
  await adoptState(folder, '3.0.0', third(done));
  expect(done).toHaveLength(2);
});

test('a step that failed is done again by the next start, and none before it', async () => {
  const done: string[] = [];
  await expect(adoptState(folder, '3.0.0', third(done, 2))).rejects.toThrow('the disk is full');
  expect(await formatOf(folder)).toMatchObject({ format: 2 });
  await adoptState(folder, '3.0.0', third(done));
  expect(done).toEqual(['1 to 2', '2 to 3']);
});

test('a newer format is refused, and nothing is changed', async () => {
  const text = '{"format":7,"writtenBy":"9.1.0","more":true}';
  await write(text);
  await expect(adoptState(folder, '0.1.0')).rejects.toMatchObject({
    code: 'STATE_FORMAT_UNKNOWN',
    failure: { nextStep: expect.stringContaining('perry-ship 9.1.0 or newer') },
  });
  expect(await readFile(join(folder, 'format.json'), 'utf8')).toBe(text);
});

test.each([
  '',
  '{',
  'null',
  '{"format":0,"writtenBy":"x"}',
  '{"format":"1","writtenBy":"x"}',
  `{"format":1,"writtenBy":"${'x'.repeat(5_000)}"}`,
])('a note that cannot be read is refused: %s', async (text) => {
  await write(text);
  await expect(adoptState(folder, '0.1.0')).rejects.toMatchObject({ code: 'STATE_FORMAT_UNKNOWN' });
});

test('a pipe in the place of the note is refused, and not waited for', async () => {
  execFileSync('mkfifo', [join(folder, 'format.json')]);
  await expect(adoptState(folder, '0.1.0')).rejects.toMatchObject({
    code: 'STATE_FORMAT_UNKNOWN',
    failure: { reason: expect.stringContaining('no regular file') },
  });
});

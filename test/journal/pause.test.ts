import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pauseMarkIn } from '../../src/journal/pause.ts';

test('a pause outlives the process, until it is taken back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perry-pause-'));
  try {
    const mark = pauseMarkIn(folder);
    expect(mark.isSet()).toBe(false);
    mark.set(false);
    mark.set(true);
    mark.set(true);
    expect(pauseMarkIn(folder).isSet()).toBe(true);
    mark.set(false);
    expect(pauseMarkIn(folder).isSet()).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a pause that cannot be written down is no error, and is told of until the next one is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perry-pause-'));
  try {
    const mark = pauseMarkIn(folder);
    await mkdir(join(folder, 'paused'));
    for (const isPaused of [true, false]) {
      mark.set(isPaused);
      expect(mark.problem).toMatch(/EISDIR of ".*paused"$/);
    }
    await rmdir(join(folder, 'paused'));
    mark.set(true);
    expect([mark.problem, mark.isSet()]).toEqual([null, true]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

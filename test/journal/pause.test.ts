import { mkdtemp, rm } from 'node:fs/promises';
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

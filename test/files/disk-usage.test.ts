import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diskText, diskUse } from '../../src/doctor/disk-use.ts';
import { freeBytesAt, usageOf } from '../../src/files/disk/usage.ts';

test('a folder takes what its files take, holes and links do not count, and there is an end to looking', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perry-usage-'));
  try {
    await mkdir(join(folder, 'history', 'logs'), { recursive: true });
    await writeFile(join(folder, 'history', 'logs', 'a'), Buffer.alloc(3_000_000, 1));
    await writeFile(join(folder, 'sparse'), '');
    await truncate(join(folder, 'sparse'), 50e9);
    await symlink('/', join(folder, 'root'));
    const { bytes, isWhole } = await usageOf(folder);
    expect(isWhole).toBe(true);
    expect(bytes).toBeGreaterThanOrEqual(3_000_000);
    expect(bytes).toBeLessThan(4_000_000);
    expect((await usageOf(folder, 2)).isWhole).toBe(false);
    expect(await usageOf(join(folder, 'nothing'))).toEqual({ bytes: 0, isWhole: true });
    expect(await freeBytesAt(join(folder, 'not', 'there'))).toBeGreaterThan(0);
    expect(freeBytesAt(folder), 'one question at a time').toBe(freeBytesAt(folder));
    const use = await diskUse({ stateDir: folder, imageDir: join(folder, 'images'), logFile: undefined });
    expect(use.kept.bytes).toBeGreaterThanOrEqual(3_000_000);
    expect(diskText(use)).toMatch(/^state 4 MB \(4 MB kept\), images 0 MB, \d+\.\d GB free$/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../src/adapters/process/run.ts';
import { verifyDmg } from '../../src/files/dmg/read.ts';
import { volumeEntries } from '../../src/files/dmg/write.ts';
import { readDmgFile, writeDmg } from '../helpers/dmg-file.ts';
import {
  isInstalled,
  makeTree,
  neverAborted as signal,
  snapshot,
  sourceDate,
  type Tree,
  withTempDir,
} from '../helpers/dmg-tree.ts';

const app: Tree = {
  Contents: {
    MacOS: { App: { bytes: randomBytes(2_500_000), mode: 0o755 } },
    Resources: {
      'empty folder': {},
      empty: '',
      text: 'text '.repeat(500_000),
      'naïve Ω ж 漢字': 'names',
      many: Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${index}`, `${index}`])),
    },
    Current: { link: 'MacOS/App' },
  },
};

/** Runs `work` with an image when the program is there; says so and passes when it is not. */
const judgedBy = (
  program: string,
  packageName: string,
  work: (image: string, dir: string) => Promise<void>,
) =>
  test(`${program} agrees with the image`, async (context) => {
    if (!(await isInstalled(program))) context.skip(`${program} is missing: apt-get install ${packageName}`);
    await withTempDir(async (dir) => {
      await makeTree(join(dir, 'source'), app);
      const root = await volumeEntries(join(dir, 'source'), 'My.app');
      await writeDmg({ volumeName: 'My App', root, sourceDate, signal, outPath: join(dir, 'image.dmg') });
      await work(join(dir, 'image.dmg'), dir);
    });
  });

/** What dmg2img makes of the image: the bytes of the volume. */
async function volumeOf(image: string, dir: string): Promise<string> {
  const volume = join(dir, 'volume.img');
  const { exitCode, stdout } = await run('dmg2img', ['-i', image, '-o', volume]);
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
  return volume;
}

// A wrong checksum is only a warning to 7z, with exit code 0.
judgedBy('7z', 'p7zip-full', async (image, dir) => {
  const tested = await run('7z', ['t', '-tdmg', image]);
  expect(tested).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Everything is Ok') });
  expect(tested.stdout + tested.stderr).not.toMatch(/^(WARNING|Warnings:|ERROR)/m);

  // Of the links it makes its own, so these are left to another judge.
  const extracted = await run('7z', ['x', '-y', `-o${dir}/out`, '-x!*/Applications', image]);
  expect(extracted).toMatchObject({ exitCode: 0 });
  const withoutLinks = (tree: Map<string, unknown>) =>
    new Map([...tree].filter(([path]) => !/Current$/.test(path)));
  const [found, source] = [
    await snapshot(join(dir, 'out/My App/My.app')),
    await snapshot(join(dir, 'source')),
  ];
  expect(withoutLinks(found)).toEqual(withoutLinks(source));
});

judgedBy('dmg2img', 'dmg2img', async (image, dir) => {
  const volume = await readFile(await volumeOf(image, dir));
  const { volumeBytes } = await verifyDmg(image, { signal });
  expect(volume).toHaveLength(volumeBytes);
  expect(volume.subarray(1024, 1026).toString()).toBe('H+');
  const program = await readFile(join(dir, 'source/Contents/MacOS/App'));
  expect(volume.includes(program)).toBe(true);
  const found = await readDmgFile(image, 'My.app/Contents/MacOS/App');
  expect(found?.equals(program)).toBe(true);
});

judgedBy('fls', 'sleuthkit', async (image, dir) => {
  const volume = await volumeOf(image, dir);
  const listed = await run('fls', ['-f', 'hfs', '-r', '-p', volume]);
  const ids = new Map(
    listed.stdout.split('\n').map((line) => {
      const [head = '', path = ''] = line.split('\t');
      return [path.normalize('NFC'), head.replace(/^.* (\d+):$/, '$1')];
    }),
  );
  const { entries } = await verifyDmg(image, { signal });
  for (const { path } of entries) expect([...ids.keys()]).toContain(path.normalize('NFC'));

  const contents = (path: string) => run('icat', ['-f', 'hfs', volume, ids.get(path) ?? '']);
  expect((await contents('Applications')).stdout).toBe('/Applications');
  expect((await contents('My.app/Contents/Current')).stdout).toBe('MacOS/App');
  expect((await contents('My.app/Contents/Resources/many/77')).stdout).toBe('77');
});

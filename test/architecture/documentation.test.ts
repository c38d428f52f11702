import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const FOLDERS = ['.', '.github', 'machines', 'src', 'src/cli', 'src/config', 'test', 'visualizations'];

const pages = (
  await Promise.all(
    FOLDERS.map(async (folder) =>
      (
        await readdir(join(root, folder))
      )
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(folder, name)),
    ),
  )
).flat();
const textOf = (file: string): Promise<string> => readFile(join(root, file), 'utf8');

test('the README is read in a few minutes', async () => {
  expect((await textOf('README.md')).split('\n').length).toBeLessThanOrEqual(131);
});

describe.each(pages)('%s', (page) => {
  test('every link to a file of ours leads to one', async () => {
    const links = [...(await textOf(page)).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, to = '']) => to);
    const ours = links.filter((to) => !/^[a-z]+:/.test(to));
    expect(ours.filter((to) => !existsSync(join(root, dirname(page), to)))).toEqual([]);
  });

  test('every npm script that it names exists', async () => {
    const { scripts } = JSON.parse(await textOf('package.json')) as { scripts: Record<string, string> };
    const named = [...(await textOf(page)).matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('every command that it names exists', async () => {
    const program = await textOf('src/cli/perry-ship.ts');
    const named = [...(await textOf(page)).matchAll(/(?:npx|`|\()perry-ship ([a-z]+)/g)].map(
      ([, name = '']) => name,
    );
    const isCommand = (name: string) => program.includes(`'${name}`) || name === 'help';
    expect(named.filter((name) => !isCommand(name))).toEqual([]);
  });
});

test('the guide to the source has a row for each folder, and no other', async () => {
  const guide = await textOf('src/README.md');
  const rows = [...guide.matchAll(/^\| `([a-z-]+)\/` \|/gm)].map(([, name]) => name);
  const folders = (await readdir(join(root, 'src'), { withFileTypes: true })).filter((each) =>
    each.isDirectory(),
  );
  expect(rows.sort()).toEqual(folders.map(({ name }) => name).sort());
});

test('files that the guides name exist, from the root or from the folder of the guide', async () => {
  for (const page of ['src/README.md', 'test/README.md', 'machines/README.md']) {
    const here = dirname(page);
    const named = [...(await textOf(page)).matchAll(/`((?:[\w-]+\/)+[\w.-]+\.(?:ts|md))`/g)].map(
      ([, to = '']) => to,
    );
    const isThere = (to: string) =>
      [root, join(root, here), join(root, 'src')].some((base) => existsSync(join(base, to)));
    expect(named.length, page).toBeGreaterThan(1);
    const invented = [
      ...['run/steps/my-step.ts', 'inquiries/my-inquiry.ts'],
      ...['cli/my-command.ts', 'adapters/vm/NAME/driver.ts', 'daemon/NAME-options.ts'],
    ];
    expect(
      named.filter((to) => !isThere(to) && !invented.includes(to)),
      relative('.', page),
    ).toEqual([]);
  }
});

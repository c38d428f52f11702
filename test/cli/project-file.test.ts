import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleAndFlags, projectKeys, withProjectFile } from '../../src/cli/project-file.ts';
import { packageRoot } from '../../src/package-root.ts';
import { startCli } from '../integration/cli.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-project-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
async function fileWith(content: unknown): Promise<string> {
  files += 1;
  const dir = join(folder, String(files));
  await mkdir(dir);
  const path = join(dir, 'perry-ship.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('paths are those of its folder, and what ends with a slash is a folder still', async () => {
  const project = await fileWith({
    ...{ bundle: 'build/App.app', p12: '../cert.p12', out: 'dist/', 'timestamp-url': 'none' },
    ...{ 'p12-password-env': 'PW', 'testflight-group': ['QA'], wait: true },
  });
  expect(await withProjectFile({ project })).toEqual({
    project,
    bundle: join(project, '../build/App.app'),
    p12: join(project, '../../cert.p12'),
    out: `${join(project, '../dist')}/`,
    ...{ timestampUrl: 'none', p12PasswordEnv: 'PW', testflightGroup: ['QA'], wait: true },
  });
});

test('flags win, also over the other way to say the same', async () => {
  const project = await fileWith({
    ...{ bundle: 'A.app', distribute: 'appstore', 'p12-password-env': 'PW', 'api-key': 'key.p8' },
  });
  const given = { project, p12PasswordFile: '-', apiKeyEnv: 'KEY', notarize: true, publish: true };
  const flags = await bundleAndFlags('B.app', given);
  expect(flags).toEqual({ ...given, bundle: 'B.app', distribute: 'both' });
});

test('none is read where none is wanted, and none is missed where none is named', async () => {
  expect(await withProjectFile({ project: false })).toEqual({ project: false });
  expect(await withProjectFile({})).toEqual({});
});

test('a file that an editor on Windows has saved is read', async () => {
  const project = await fileWith('\uFEFF{"out": "dist"}');
  expect(await withProjectFile({ project })).toMatchObject({ out: join(project, '../dist') });
});

describe('a file that cannot be used is named, with what is wrong', () => {
  test('what has no end is not read', async () => {
    await expect(withProjectFile({ project: '/dev/zero' })).rejects.toMatchObject({
      code: 'COMMAND_USAGE_WRONG',
      failure: { reason: expect.stringContaining('It is no regular file') },
    });
  });

  test('what is larger than any settings is not read', async () => {
    const project = await fileWith(`{}${' '.repeat(256 * 1024)}`);
    await expect(withProjectFile({ project })).rejects.toMatchObject({
      failure: { reason: expect.stringContaining('It is too large') },
    });
  });

  test.each([
    [{ p13: 'x' }, 'There is no setting "p13"; "p12" is one.'],
    [{ 'testflight-groups': ['QA'] }, '"testflight-group" is one.'],
    [{ 'p12-password': 'secret' }, 'There is no setting "p12-password"'],
    [{ distribute: 'nowhere' }, '"distribute" must be one of notarize'],
    [{ wait: 'yes' }, '"wait" must be true or false'],
    [[], 'It is not an object.'],
    ['{', 'It is not JSON.'],
  ])('%j', async (content, said) => {
    const project = await fileWith(content);
    const cli = startCli({ PERRY_STATE_DIR: join(folder, 'state') }, 'check', '--project', project);
    expect(await cli.ended).toBe(2);
    expect(cli.lines.join('\n')).toContain(said);
    expect(cli.lines.join('\n')).toContain(project);
  });

  test('one that is named and not there', async () => {
    const cli = startCli({}, 'sign', 'A.app', '--project', join(folder, 'none.json'));
    expect([await cli.ended, cli.lines.join('\n')]).toEqual([2, expect.stringContaining('ENOENT')]);
  });
});

test('two ways of distribution, or no bundle at all, are wrong usage', async () => {
  const twice = startCli({}, 'sign', 'A.app', '--no-project', '--notarize', '--distribute', 'both');
  expect([await twice.ended, twice.lines.join('\n')]).toEqual([2, expect.stringContaining('--notarize and')]);
  const none = startCli({}, 'sign', '--no-project');
  expect([await none.ended, none.lines.join('\n')]).toEqual([
    2,
    expect.stringContaining('No bundle is named'),
  ]);
});

test('the chapter has every key, and its example can be read', async () => {
  const chapter = await readFile(join(packageRoot(), 'src/cli/lone-signer.md'), 'utf8');
  expect(projectKeys.filter((key) => !chapter.includes(`\`${key}\``))).toEqual([]);
  const example = /```json\n([\s\S]*?)```/.exec(chapter)?.[1] ?? '';
  const project = await fileWith(example);
  expect(await withProjectFile({ project })).toMatchObject({ distribute: 'notarize', apiKeyEnv: 'ASC_KEY' });
});

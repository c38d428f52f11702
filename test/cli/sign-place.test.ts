import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StepScope } from '../../src/run/steps/step.ts';
import { placeArtifact, placeFile } from '../../src/sign/artifact-place.ts';
import {
  requireArtifactFolder,
  requireArtifactPath,
  type WantedArtifact,
} from '../../src/sign/artifact-target.ts';
import { startCli } from '../integration/cli.ts';

let folder: string;
let app: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-sign-place-'));
  app = join(folder, 'My App.app');
  await mkdir(join(app, 'Contents'), { recursive: true });
  await mkdir(join(folder, 'out'));
  await writeFile(join(folder, 'out', 'My_App.dmg'), 'old');
  await writeFile(join(folder, 'plain'), '');
  await symlink(join(folder, 'circle'), join(folder, 'circle'));
});
afterAll(async () => {
  await chmod(join(folder, 'out'), 0o755);
  await rm(folder, { recursive: true });
});

const pathFor = async (out: string, options: Partial<WantedArtifact> = {}): Promise<string> => {
  const wanted = { out: out === '' ? '' : join(folder, out), force: false, ...options };
  return requireArtifactPath(await requireArtifactFolder(wanted, '.dmg', app), 'My_App.dmg', wanted);
};

describe('where the artifact goes', () => {
  test.each([
    ['a file in a folder that exists', 'out/Other.dmg', 'out/Other.dmg'],
    ['an ending in capitals', 'out/Other.DMG', 'out/Other.DMG'],
    ['a folder to be made', 'new/deep/', 'new/deep/My_App.dmg'],
  ])('%s', async (_name, out, path) => {
    expect(await pathFor(out)).toBe(join(folder, path));
    expect((await readdir(folder)).sort()).toEqual(['My App.app', 'circle', 'out', 'plain']);
    expect(await readdir(join(folder, 'out'))).toEqual(['My_App.dmg']);
  });

  test('a folder is named by being there, and an existing file replaced by force', async () => {
    expect(await pathFor('out', { force: true })).toBe(join(folder, 'out/My_App.dmg'));
    expect(await pathFor('out/My_App.dmg', { force: true })).toBe(join(folder, 'out/My_App.dmg'));
  });

  test.each([
    ['the parent is missing', 'missing/My.dmg', /does not exist/],
    ['a file where a folder is needed', 'plain/My.dmg', /is not a folder|is a file/],
    ['a file where a folder is to be made', 'plain/new/', /is a file/],
    ['a file that is named as a folder', 'plain/', /is a file/],
    ['a name that is too long', `out/${'n'.repeat(300)}.dmg`, /too long/],
    ['a folder name that is too long', `${'n'.repeat(300)}/`, /too long/],
    ['another ending', 'out/My.zip', /is a \.dmg file/],
    ['no ending', 'artifact', /is a \.dmg file/],
    ['a file that exists', 'out/My_App.dmg', /exists/],
    ['a folder with a file of that name', 'out', /exists/],
    ['links in a circle', 'circle/My.dmg', /circle/],
    ['the bundle itself', 'My App.app', /lies in the bundle/],
    ['a folder of the bundle', 'My App.app/Contents/', /lies in the bundle/],
    ['nothing', '', /is empty/],
  ])('refused: %s', async (_name, out, reason) => {
    const failure = await pathFor(out).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'ARTIFACT_NOT_WRITTEN',
      failure: { reason: expect.stringMatching(reason) },
    });
  });

  test.each(['/proc/', '/proc/artifacts/', '/dev/null'])('refused: %s, which holds no files', async (out) => {
    const wanted = { out, force: true };
    const path = requireArtifactFolder(wanted, '.dmg', app).then((place) =>
      requireArtifactPath(place, 'My_App.dmg', wanted),
    );
    await expect(path).rejects.toMatchObject({ code: 'ARTIFACT_NOT_WRITTEN' });
  });

  test.runIf(process.getuid?.() !== 0)('refused: a folder that can only be read', async () => {
    await chmod(join(folder, 'out'), 0o555);
    await expect(pathFor('out/Other.dmg')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_WRITTEN' });
  });
});

test('what came there while the app was signed stays, unless it is forced', async () => {
  const made = join(folder, 'made');
  await writeFile(made, 'new');
  const scope = {
    results: {
      jobId: 'local',
      dir: folder,
      manifest: { appName: 'A' },
      plan: { passes: [{ container: 'dmg' }] },
      artifacts: new Map([['A-local.dmg', { name: 'A-local.dmg', path: made }]]),
    },
    pass: 0,
    signal: new AbortController().signal,
  } as unknown as StepScope;
  const wanted = join(folder, 'out', 'My_App.dmg');
  await expect(placeArtifact({ wanted, force: false })(scope)).rejects.toMatchObject({
    code: 'ARTIFACT_NOT_WRITTEN',
    failure: { reason: expect.stringContaining('exists') },
  });
  await expect(
    placeArtifact({ wanted: join(folder, 'plain', 'x.dmg'), force: true })(scope),
  ).rejects.toMatchObject({
    code: 'ARTIFACT_NOT_WRITTEN',
  });
  await expect(placeFile({ wanted, force: false })(scope)).rejects.toMatchObject({
    failure: { nextStep: expect.stringMatching(/run the command again\.$/) },
  });
  await placeArtifact({ wanted, force: true })(scope);
  const place = placeArtifact({ wanted: join(folder, 'fresh', 'A.dmg'), force: false });
  await place(scope);
  await place(scope);
  expect(await readdir(join(folder, 'fresh'))).toEqual(['A.dmg']);
  expect(await readdir(join(folder, 'out'))).toEqual(['My_App.dmg']);
});

test('as a program: refused before a state directory is made, as text and as JSON, exit code 1', async () => {
  const env = {
    PERRY_STATE_DIR: join(folder, 'state'),
    PERRY_VM_DRIVER: 'local',
    PERRY_RCODESIGN: '/nonexistent',
  };
  const signing = startCli(env, 'sign', app, '--out', join(folder, 'missing', 'My.dmg'), '--json');
  expect(await signing.ended).toBe(1);
  expect(signing.lines.join('\n')).toMatch(/"code": "ARTIFACT_NOT_WRITTEN"/);
  expect(signing.lines.filter((line) => line.startsWith('perry-ship: '))).toHaveLength(1);
  expect(await readdir(folder)).not.toContain('state');
});

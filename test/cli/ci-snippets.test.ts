import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, symlinkSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stageIosDemoApp, stageMacDemoApp } from '../../src/demo/bundles/index.ts';
import { packageRoot, packageVersion } from '../../src/package-root.ts';
import { verifyArtifact } from '../../src/verify/verify-artifact.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';
import { type Apple, type AppleRoom, openAppleRoom } from '../integration/apple-room.ts';
import { TEAM } from '../integration/materials.ts';

/** The commands of the chapter, as a CI host runs them: its steps are read from the page, the program from its package. */
let room: AppleRoom;
let apple: Apple;
let chapter: string;
let bin: string;
beforeAll(async () => {
  room = await openAppleRoom();
  chapter = await readFile(join(packageRoot(), 'src/cli/lone-signer.md'), 'utf8');
  bin = await installed();
  const groups = [{ id: 'g', name: 'QA', appId: '6443210987', isInternalGroup: true }];
  apple = await room.startApple({
    notary: { pollsBeforeVerdict: 0 },
    store: { groups, pollsBeforeVerdict: 0 },
  });
});
afterAll(async () => {
  await apple.apple.stop();
  await room.leave();
});

/** What `npm install --global` makes of the package, without a registry. */
async function installed(): Promise<string> {
  const options = ['--ignore-scripts', '--offline', '--silent', '--pack-destination', room.folder];
  execFileSync('npm', ['pack', ...options], { cwd: packageRoot() });
  execFileSync('tar', ['-xzf', `perry-ship-${packageVersion()}.tgz`], { cwd: room.folder });
  symlinkSync(join(packageRoot(), 'node_modules'), join(room.folder, 'package/node_modules'));
  const folder = join(room.folder, 'bin');
  await mkdir(folder);
  const program = join(room.folder, 'package/dist/src/cli/perry-ship.js');
  await writeFile(join(folder, 'perry-ship'), `#!/bin/sh\nexec "${process.execPath}" -- "${program}" "$@"\n`);
  await chmod(join(folder, 'perry-ship'), 0o755);
  return folder;
}

/** Lines of a snippet that a shell is given, but for those that need the internet. */
function stepsOf(snippet: RegExp): string[] {
  const yaml = snippet.exec(chapter)?.[1] ?? expect.fail('the chapter has no such snippet');
  const steps = [...yaml.matchAll(/^ *- (?:run: )?((?:perry-ship|mkdir) .*)$/gm)].map(
    ([, line = '']) => line,
  );
  expect(steps.length).toBeGreaterThan(1);
  return steps;
}

async function runSteps(
  folder: string,
  steps: readonly string[],
  env: Record<string, string>,
): Promise<void> {
  for (const step of steps) {
    const child = spawn('sh', ['-ec', step], {
      cwd: folder,
      env: {
        ...{ PATH: `${bin}:${process.env.PATH}`, HOME: room.folder, ...apple.env, ...env },
        ...{ PERRY_STATE_DIR: join(folder, '.state'), PERRY_RCODESIGN: rcodesignPath },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect(code, `${step}\n${out}${err}`).toBe(0);
    expect(out + err).not.toContain(env.P12_PASSWORD ?? '\0');
  }
}

async function projectOf(name: string): Promise<string> {
  const folder = join(room.folder, name);
  await mkdir(folder);
  const json = /```json\n([\s\S]*?)```/.exec(chapter)?.[1] ?? '{}';
  const { apple_key_id, apple_issuer_id } = room.apiKey;
  const own = { 'team-id': TEAM, 'key-id': apple_key_id, 'issuer-id': apple_issuer_id };
  await writeFile(join(folder, 'perry-ship.json'), JSON.stringify({ ...JSON.parse(json), ...own }));
  return folder;
}

test('GitHub Actions: a notarized image is in dist, and no secret is in the output', async () => {
  const folder = await projectOf('github');
  await mkdir(join(folder, 'build'));
  await cp(await stageMacDemoApp(room.folder), join(folder, 'build/MyApp.app'), { recursive: true });
  const { p12, password } = room.materials.developerId;
  await runSteps(folder, stepsOf(/```yaml\n(jobs:[\s\S]*?)```/), {
    P12_BASE64: p12.toString('base64'),
    P12_PASSWORD: password,
    ASC_KEY: room.apiKey.apple_p8_key ?? '',
  });
  expect(await readdir(join(folder, 'dist'))).toEqual(['MyApp.dmg']);
  const report = await verifyArtifact(join(folder, 'dist/MyApp.dmg'), {
    signal: new AbortController().signal,
  });
  expect(report).toMatchObject({ ok: true, stapledTicket: true });
});

test('GitLab CI: an .ipa is uploaded, and its group has it', async () => {
  const folder = await projectOf('gitlab');
  await writeFile(join(folder, 'notes.txt'), 'Try the clock.\n');
  await writeFile(join(folder, 'key.p8'), room.apiKey.apple_p8_key ?? '');
  await makeIpa(join(folder, 'MyApp.ipa'));
  await runSteps(folder, stepsOf(/```yaml\n(publish:[\s\S]*?)```/), {
    ASC_KEY_FILE: join(folder, 'key.p8'),
    ASC_KEY_ID: room.apiKey.apple_key_id ?? '',
    ASC_ISSUER_ID: room.apiKey.apple_issuer_id ?? '',
  });
  const build = apple.store.uploads[0]?.build ?? expect.fail('no build');
  expect(apple.store.testing.groupsOf(build)).toEqual(['QA']);
  expect(build.notes).toMatchObject([{ whatsNew: 'Try the clock.' }]);
});

/** As the other job of the snippet leaves it. */
async function makeIpa(path: string): Promise<void> {
  const { distribution, profile } = room.materials;
  const folder = dirname(path);
  await writeFile(join(folder, 'dist.p12'), distribution.p12);
  await writeFile(join(folder, 'app.mobileprovision'), profile);
  const app = await stageIosDemoApp(folder);
  const words = ['--p12', 'dist.p12', '--p12-password-env', 'PW', '--profile', 'app.mobileprovision'];
  const step = `perry-ship sign --no-project "${app}" ${words.join(' ')} --out MyApp.ipa`;
  await runSteps(folder, [step], { PW: distribution.password });
  expect(existsSync(path)).toBe(true);
}

import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-root.ts';
import { verifyArtifact } from '../../src/verify/verify-artifact.ts';
import { sharedIdentity } from '../helpers/shared-identity.ts';
import { startCli } from '../integration/cli.ts';
import { packTarGz, TEAM } from '../integration/materials.ts';

const { signal } = new AbortController();
const NAME = 'terminal-notifier';
let folder: string;
let app: string;
let env: Record<string, string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-package-'));
  app = join(folder, `${NAME}.app`);
  await cp(join(packageRoot(), `src/demo/assets/${NAME}.app`), app, { recursive: true });
  for (const kind of ['Application', 'Installer']) {
    const { p12, password } = sharedIdentity({
      commonName: `Developer ID ${kind}: Perry Test (${TEAM})`,
      teamId: TEAM,
    });
    await writeFile(join(folder, `${kind}.p12`), p12);
    await writeFile(join(folder, `${kind}.password`), password);
  }
  env = { PERRY_STATE_DIR: join(folder, 'state'), PERRY_VM_DRIVER: 'local', PERRY_TIMESTAMP_URL: 'none' };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const identity = (flag: string, kind: string): string[] => [
  flag,
  join(folder, `${kind}.p12`),
  `${flag}-password-file`,
  join(folder, `${kind}.password`),
];

describe('sign --format pkg', () => {
  test('makes an installer package, signed by its own identity', async () => {
    const out = join(folder, 'made/');
    const words = [...identity('--p12', 'Application'), ...identity('--installer-p12', 'Installer')];
    const cli = startCli(env, 'sign', app, '--quiet', '--format', 'pkg', '--out', out, ...words);
    expect(await cli.ended, cli.lines.join('\n')).toBe(0);
    expect(await readdir(out)).toEqual([`${NAME}.pkg`]);
    expect(await verifyArtifact(join(out, `${NAME}.pkg`), { signal })).toMatchObject({
      ok: true,
      kind: 'pkg',
      package: { signer: { name: expect.stringMatching(/^Developer ID Installer: /) } },
      apps: [{ signatures: expect.arrayContaining([expect.objectContaining({ hardenedRuntime: true })]) }],
    });
  });

  test('an installer identity beside what is no package is told not to be used', async () => {
    const words = [...identity('--p12', 'Application'), ...identity('--installer-p12', 'Installer')];
    const cli = startCli(env, 'check', app, ...words);
    await cli.ended;
    expect(cli.lines.join('\n')).toContain('note: --installer-p12 is not used.');
  });

  test('without an installer identity is refused, by check as well, with the flag that gives it', async () => {
    for (const command of ['sign', 'check']) {
      const cli = startCli(env, command, app, '--format', 'pkg', ...identity('--p12', 'Application'));
      expect(await cli.ended).toBe(1);
      expect(cli.lines.join('\n')).toMatch(/CREDENTIAL_MISSING.*--installer-p12 FILE/s);
    }
  });
});

describe('sign --debug-symbols', () => {
  test('leaves them beside the artifact, and replaces neither unasked', async () => {
    const symbols = `${NAME}.app.dSYM`;
    await mkdir(join(folder, symbols));
    await writeFile(join(folder, symbols, 'Info.plist'), '<plist/>');
    const archive = await packTarGz(folder, [`${NAME}.app`, symbols], join(folder, 'archive.tar.gz'));
    const out = join(folder, 'beside/');
    const sign = async (...words: readonly string[]) => {
      const cli = startCli(env, 'sign', archive, '--quiet', '--debug-symbols', '--out', out, ...words);
      return { exitCode: await cli.ended, text: cli.lines.join('\n') };
    };
    expect((await sign()).exitCode).toBe(0);
    expect((await readdir(out)).sort()).toEqual([`${NAME}.dSYMs.zip`, `${NAME}.dmg`]);

    await rm(join(out, `${NAME}.dmg`));
    const theirs = join(out, `${NAME}.dSYMs.zip`);
    await writeFile(theirs, 'theirs');
    const { exitCode, text } = await sign();
    expect(exitCode).toBe(1);
    expect(text).toMatch(/ARTIFACT_NOT_WRITTEN/);
    expect(await readFile(theirs, 'utf8')).toBe('theirs');

    expect((await sign('--force')).exitCode).toBe(0);
    expect((await readFile(theirs)).subarray(0, 2).toString()).toBe('PK');
  });

  test('come out of an archive of Xcode as well, whose app is signed', async () => {
    const archive = join(folder, 'Made.xcarchive');
    const empty = startCli(
      env,
      'check',
      (await mkdir(join(folder, 'No.xcarchive'), { recursive: true })) ?? '',
    );
    expect([await empty.ended, empty.lines.join(' ')]).toEqual([2, expect.stringContaining('holds no app')]);
    await cp(app, join(archive, 'Products/Applications', `${NAME}.app`), { recursive: true });
    await mkdir(join(archive, 'dSYMs', `${NAME}.app.dSYM`), { recursive: true });
    await writeFile(join(archive, 'dSYMs', `${NAME}.app.dSYM`, 'Info.plist'), '<plist/>');
    const out = join(folder, 'archived/');
    const cli = startCli(env, 'sign', archive, '--quiet', '--debug-symbols', '--out', out);
    expect(await cli.ended, cli.lines.join('\n')).toBe(0);
    expect((await readdir(out)).sort()).toEqual([`${NAME}.dSYMs.zip`, `${NAME}.dmg`]);
  });
});

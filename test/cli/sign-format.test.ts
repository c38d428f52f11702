import { cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-root.ts';
import { verifyArtifact } from '../../src/verify/verify-artifact.ts';
import { startCli } from '../integration/cli.ts';

let folder: string;
let app: string;
let env: Record<string, string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-format-'));
  app = join(folder, 'terminal-notifier.app');
  await cp(join(packageRoot(), 'src/demo/assets/terminal-notifier.app'), app, { recursive: true });
  env = { PERRY_STATE_DIR: join(folder, 'state'), PERRY_VM_DRIVER: 'local', PERRY_TIMESTAMP_URL: 'none' };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const API_KEY = ['--api-key', 'key.p8', '--key-id', 'K', '--issuer-id', 'I'];
const sign = (...words: string[]) => startCli(env, 'sign', app, '--quiet', ...words);

describe('the signed app itself, in the place of an image', () => {
  test.each([
    ['app', 'terminal-notifier.app'],
    ['zip', 'terminal-notifier.zip'],
  ])('as %s is sound, and nothing is beside it', async (format, name) => {
    const out = join(folder, `as-${format}`);
    const cli = startCli(
      { ...env, PERRY_LOG_LEVEL: 'debug' },
      'sign',
      app,
      '--format',
      format,
      '--out',
      `${out}/`,
    );
    expect(await cli.ended, cli.lines.join('\n')).toBe(0);
    expect(await readdir(out)).toEqual([name]);
    expect(cli.lines.join('\n')).not.toContain('dmg');
    const report = await verifyArtifact(join(out, name), { signal: new AbortController().signal });
    expect(report).toMatchObject({ ok: true, kind: format, apps: [{ bundleId: expect.any(String) }] });
  });

  test('never takes the place of a folder, the app that is signed least of all', async () => {
    const before = await stat(join(app, 'Contents/MacOS/terminal-notifier'));
    for (const words of [
      ['--out', folder],
      ['--out', app],
      ['--out', folder, '--force'],
    ]) {
      const cli = sign('--format', 'app', ...words);
      expect(await cli.ended).toBe(1);
      expect(cli.lines.join('\n')).toContain('ARTIFACT_NOT_WRITTEN');
    }
    expect(await stat(join(app, 'Contents/MacOS/terminal-notifier'))).toEqual(before);
  });

  test.each([
    [['--format', 'zip', '--distribute', 'notarize'], 'leave --distribute and --api-key out'],
    [['--format', 'app', ...API_KEY], 'Leave --format out to get the notarized disk image'],
    [['--format', 'app', '--distribute', 'appstore'], 'installer package'],
    [['--format', 'app', '--target', 'ios-sign'], 'ipa'],
  ])('%j is refused before any work', async (words, why) => {
    const cli = sign(...words);
    expect(await cli.ended).toBe(2);
    expect(cli.lines.join('\n')).toContain(why);
  });
});

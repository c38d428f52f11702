import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { iosDemoApp, stageIosDemoApp, stageMacDemoApp } from '../../src/demo/bundles/index.ts';
import { makeThrowawayProfile } from '../../src/demo/throwaway-identity.ts';
import { startGuardedAuthority } from '../helpers/guarded-authority.ts';
import { holdSigning, recordingRcodesign } from '../helpers/held-rcodesign.ts';
import { descendantTexts, filesBelow, processesOf } from '../helpers/leak-check.ts';
import { rcodesignPath } from '../helpers/rcodesign-fixtures.ts';
import { sharedIdentity } from '../helpers/shared-identity.ts';
import { startCli } from '../integration/cli.ts';
import { listIpa, missingPrograms, takeDmgApart } from '../integration/judges.ts';

const TEAM = 'DEMO123456';
let folder: string;
let macApp: string;
let iosApp: string;
let missing: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perry-sign-cli-'));
  missing = await missingPrograms();
  [macApp, iosApp] = [await stageMacDemoApp(folder), await stageIosDemoApp(folder)];
  await writeIdentity('mac', 'Developer ID Application');
  const { certificateDer } = await writeIdentity('ios', 'Apple Distribution');
  const expires = new Date(Date.now() + 1e9);
  const { bundleId } = iosDemoApp;
  const profile = makeThrowawayProfile({ bundleId, teamId: TEAM, certificateDer, platform: 'ios', expires });
  await writeFile(join(folder, 'ios.mobileprovision'), profile);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function writeIdentity(name: string, kind: string) {
  const identity = sharedIdentity({ commonName: `${kind}: Demo (${TEAM})`, teamId: TEAM });
  await writeFile(join(folder, `${name}.p12`), identity.p12);
  await writeFile(join(folder, `${name}.password`), `${identity.password}\n`);
  return identity;
}

/** A state directory and a TMPDIR of its own, in which nothing may be left. */
async function room(name: string) {
  const dir = join(folder, name);
  const [state, temporary, out] = [join(dir, 'state'), join(dir, 'tmp'), join(dir, 'out')];
  await mkdir(temporary, { recursive: true });
  const env = {
    PERRY_STATE_DIR: state,
    PERRY_VM_DRIVER: 'local',
    PERRY_RCODESIGN: rcodesignPath,
    PERRY_TIMESTAMP_URL: 'none',
    TMPDIR: temporary,
  };
  const expectNothingLeft = async (): Promise<void> => {
    expect(await filesBelow(temporary)).toEqual([]);
    expect(await readdir(join(state, 'sign')).catch(() => [])).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/^[0-9a-f]{8}$/)]),
    );
    const chain = join('sign', 'chains');
    const files = (await filesBelow(state)).filter((path) => path.includes('.') && !path.includes(chain));
    expect(files).toEqual([]);
    expect(processesOf(state)).toEqual([]);
  };
  return { dir, env, out, expectNothingLeft };
}

const identityFlags = (name: string): string[] => [
  ...['--p12', join(folder, `${name}.p12`), '--p12-password-file', join(folder, `${name}.password`)],
];

describe('perry-ship sign', () => {
  test('signs a Mac app, and perry-ship verify and others agree', async () => {
    const { dir, env, out, expectNothingLeft } = await room('mac');
    const before = await readFile(join(macApp, 'Contents/Info.plist'));
    const signing = startCli(env, 'sign', macApp, ...identityFlags('mac'), '--out', `${out}/`);
    expect(await signing.ended, signing.lines.join('\n')).toBe(0);
    const image = join(out, 'terminal-notifier.dmg');
    expect(signing.lines).toEqual(expect.arrayContaining(['✓ every seal holds', image]));
    await expectNothingLeft();
    expect(await readFile(join(macApp, 'Contents/Info.plist')), 'the bundle itself').toEqual(before);
    const verifying = startCli(env, 'verify', image, '--json');
    expect(await verifying.ended).toBe(0);
    expect(JSON.parse(verifying.lines.join('\n'))).toMatchObject({
      ok: true,
      kind: 'dmg',
      apps: [{ bundleId: 'nl.superalloy.oss.terminal-notifier', signatures: [{ hardenedRuntime: true }] }],
    });
    if (!missing.includes('7z')) {
      const volume = await takeDmgApart(image, join(dir, 'volume'));
      expect(await readdir(join(volume, 'terminal-notifier'))).toContain('terminal-notifier.app');
    }
  });

  test('gets time stamps from the authority that was named, without the machine asking it', async () => {
    const { env, out, expectNothingLeft } = await room('stamped');
    const authority = await startGuardedAuthority();
    try {
      const stamped = ['--timestamp-url', authority.url, '--format', 'zip', '--out', `${out}/`];
      const signing = startCli(env, 'sign', macApp, ...identityFlags('mac'), ...stamped);
      expect(await signing.ended, signing.lines.join('\n')).toBe(0);
      expect(new Set(authority.askers)).toEqual(new Set(['perry-ship']));
    } finally {
      await authority.stop();
    }
    await expectNothingLeft();
  });

  test('signs an iOS app into the file that was asked for', async () => {
    const { env, out, expectNothingLeft } = await room('ios');
    await mkdir(out, { recursive: true });
    const ipa = join(out, 'Demo Beta.ipa');
    const profile = ['--profile', join(folder, 'ios.mobileprovision'), '--team-id', TEAM];
    const args = ['sign', iosApp, ...identityFlags('ios'), ...profile, '--out', ipa, '--json'];
    const signing = startCli(env, ...args);
    expect(await signing.ended, signing.lines.join('\n')).toBe(0);
    const text = signing.lines.slice(signing.lines.indexOf('{')).join('\n');
    expect(JSON.parse(text)).toMatchObject({ ok: true, artifact: ipa, report: { kind: 'ipa' } });
    if (!missing.includes('unzip'))
      expect([...(await listIpa(ipa)).keys()]).toContain('Payload/PerryDemo.app/PerryDemo');
    await expectNothingLeft();
  });

  test('ends with one error and exit code 1 when the job fails', async () => {
    const { env, out, expectNothingLeft } = await room('failing');
    const args = ['--p12', join(folder, 'mac.p12'), '--p12-password-file', join(folder, 'ios.password')];
    const signing = startCli(env, 'sign', macApp, ...args, '--out', `${out}/`);
    expect(await signing.ended).toBe(1);
    expect(signing.lines.at(-1)).toContain('P12_PASSWORD_WRONG');
    await expect(stat(out)).rejects.toThrow();
    await expectNothingLeft();
  });

  test.each([
    [['sign', '/nonexistent.app'], 'COMMAND_USAGE_WRONG'],
    [['sign'], 'No bundle is named'],
    [['sign', 'x.app', '--target', 'windows'], 'windows'],
    [['sign', 'IOS', '--distribute', 'notarize'], 'COMMAND_USAGE_WRONG'],
    [['sign', 'IOS', '--p12', '/nonexistent'], 'COMMAND_USAGE_WRONG'],
    [['sign', 'IOS', '--api-key', '/nonexistent'], 'COMMAND_USAGE_WRONG'],
    [['verify', '/nonexistent'], 'ARTIFACT_UNKNOWN'],
    [['verify'], 'missing required argument'],
  ])('%j is wrong usage', async (args, said) => {
    const { env } = await room('usage');
    const cli = startCli(env, ...args.map((arg) => (arg === 'IOS' ? iosApp : arg)));
    expect(await cli.ended).toBe(2);
    expect(cli.lines.join('\n')).toContain(said);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s in the middle of signing leaves nothing',
    async (name) => {
      const { dir, env, out, expectNothingLeft } = await room(name);
      const tools = join(dir, 'tools');
      const recording = await recordingRcodesign(tools);
      const held = await holdSigning(tools);
      const args = [...identityFlags('mac'), '--out', `${out}/`];
      const signing = startCli({ ...env, PERRY_RCODESIGN: recording }, 'sign', macApp, ...args);
      await held.begun;
      const password = (await readFile(join(folder, 'mac.password'), 'utf8')).trim();
      expect(descendantTexts().filter((text) => text.includes(password))).toEqual([]);
      signing.signal(name);
      expect(await signing.ended, signing.lines.join('\n')).toBe(128 + constants.signals[name]);
      await held.release();
      expect(signing.lines.at(-1)).toContain('CANCELLED');
      await expect(stat(out)).rejects.toThrow();
      await expectNothingLeft();
    },
  );

  test('cleans up after one that was killed', async () => {
    const { dir, env, out, expectNothingLeft } = await room('killed');
    const tools = join(dir, 'tools');
    const recording = await recordingRcodesign(tools);
    const held = await holdSigning(tools);
    const killed = startCli({ ...env, PERRY_RCODESIGN: recording }, 'sign', macApp, ...identityFlags('mac'));
    await held.begun;
    killed.signal('SIGKILL');
    expect(await killed.ended).toBe('SIGKILL');
    await held.release();
    const app = join(dir, 'Copy of it.app');
    await cp(macApp, app, { recursive: true, verbatimSymlinks: true });
    const next = startCli(env, 'sign', app, '--out', `${out}/`);
    expect(await next.ended, next.lines.join('\n')).toBe(0);
    expect(await readdir(out)).toEqual(['Copy_of_it.dmg']);
    await expectNothingLeft();
  });
});

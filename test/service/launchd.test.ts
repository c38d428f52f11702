import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from '../../src/adapters/process/run.ts';
import { install, printDefinition, status, uninstall } from '../../src/cli/service.ts';
import { parsePlistDict } from '../../src/formats/plist/index.ts';
import type { ServiceHost } from '../../src/service/host.ts';
import { installService, stateOfService, uninstallService } from '../../src/service/launchd/install.ts';
import { parsePrint } from '../../src/service/launchd/launchctl.ts';
import { launchd } from '../../src/service/launchd/manager.ts';
import { agentTraps, daemonTraps, installNotes } from '../../src/service/launchd/notes.ts';
import { LABEL, planService } from '../../src/service/launchd/plan.ts';
import { managerFor } from '../../src/service/select.ts';

let home: string;
let host: ServiceHost;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'perry-service-'));
  host = {
    platform: 'darwin',
    ...{ uid: 501, home, env: {}, execPath: process.execPath },
    launchctl: await fakeLaunchctl(),
    ...{ getent: '/nowhere/getent', dscl: await fakeDscl() },
    daemonsDir: join(home, 'LaunchDaemons'),
    ...{ systemctl: '/nowhere/systemctl', unitsDir: join(home, 'units') },
    newsyslogDir: join(home, 'newsyslog.d'),
  };
});
afterEach(() => rm(home, { recursive: true, force: true }));

const plistPath = () => join(home, 'Library/LaunchAgents', `${LABEL}.plist`);
const calls = async (): Promise<string[]> =>
  (await readFile(join(home, 'fake', 'calls'), 'utf8').catch(() => '')).split('\n').filter(Boolean);

/**
 * Behaves as launchctl of macOS 14 and 15: `print` of an unknown service exits 113, `bootstrap` of a known one 5;
 * `bootout` returns before a service that drains has ended, which is then `SIGTERMed`.
 */
async function fakeLaunchctl(): Promise<string> {
  const dir = join(home, 'fake');
  await mkdir(dir);
  const script = `#!/bin/sh
cd "${dir}"
echo "$*" >> calls
case "$1" in
  enable) exit 0;;
  kickstart) echo running > state; exit 0;;
  bootstrap)
    [ -f state ] && { echo "Bootstrap failed: 5: Input/output error" >&2; echo "Try re-running the command as root for richer errors." >&2; exit 5; }
    [ -f broken ] && { echo "Bootstrap failed: 125: Domain does not support specified action" >&2; exit 125; }
    echo running > state; exit 0;;
  bootout)
    [ -f state ] || { echo "Boot-out failed: 3: No such process" >&2; exit 3; }
    [ -f drains ] && { echo SIGTERMed > state; echo "Boot-out failed: 36: Operation now in progress" >&2; exit 36; }
    rm state; exit 0;;
  print)
    [ -f state ] || { echo "Bad request." >&2; echo "Could not find service in domain for user gui: 501" >&2; exit 113; }
    printf '%s = {\\n\\tactive count = 1\\n\\tpath = /p.plist\\n\\ttype = LaunchAgent\\n\\tstate = %s\\n' "$2" "$(cat state)"
    [ "$(cat state)" = running ] && printf '\\tpid = 4711\\n'
    printf '\\truns = 3\\n\\tlast exit code = 78: EX_CONFIG\\n\\tsub = {\\n\\t\\tstate = active\\n\\t}\\n}\\n';;
esac
`;
  const path = join(dir, 'launchctl');
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

/** Behaves as dscl: attributes as a property list, or exit code 56. */
async function fakeDscl(): Promise<string> {
  const path = join(home, 'fake', 'dscl');
  const script = `#!/bin/sh
[ "$*" = "-plist /Search -read /Users/signer NFSHomeDirectory" ] || {
  echo "<dscl_cmd> DS Error: -14136 (eDSRecordNotFound)" >&2; exit 56; }
cat <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>dsAttrTypeStandard:NFSHomeDirectory</key>
	<array>
		<string>/Volumes/More homes/signer</string>
	</array>
</dict>
</plist>
END
`;
  await writeFile(path, script, { mode: 0o755 });
  return path;
}

async function settingsFile(text: string): Promise<string> {
  const path = join(home, 'perry.env');
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

describe('the property list', () => {
  test('says what launchd must know, and nothing secret', async () => {
    const envFile = await settingsFile(
      'PERRY_HUB_WORKER_SECRET=s3cret-value\nPERRY_DRAIN_TIMEOUT_MINUTES=10\n',
    );
    const { plist } = await planService({ envFile }, host);
    const { ProgramArguments, EnvironmentVariables, ...rest } = parsePlistDict(plist, { name: 'x' });
    expect(rest).toEqual({
      Label: 'com.perryts.perry-ship',
      WorkingDirectory: home,
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: 60,
      ExitTimeOut: 10 * 60 + 140 + 60,
      ProcessType: 'Interactive',
      Umask: 0o077,
      StandardOutPath: join(home, 'Library/Logs/perry-ship/perry-ship.out.log'),
      StandardErrorPath: join(home, 'Library/Logs/perry-ship/perry-ship.err.log'),
      LimitLoadToSessionType: 'Aqua',
    });
    const [node = '', end, script = '', ...words] = ProgramArguments as string[];
    expect([node, script].every(isAbsolute)).toBe(true);
    expect(end).toBe('--');
    expect(script).toMatch(/dist\/src\/cli\/perry-ship\.js$/);
    expect(words).toEqual(['run', '--env-file', envFile]);
    expect(EnvironmentVariables).toEqual({
      PATH: expect.any(String),
      PERRY_LOG_FILE: join(home, 'Library/Logs/perry-ship/perry-ship.log'),
    });
    expect(JSON.stringify(EnvironmentVariables)).toContain('/opt/homebrew/bin');
    expect(plist.toString()).not.toContain('s3cret-value');
  });

  test('of a LaunchDaemon names its user and its HOME', async () => {
    const { plist, plistPath, domain } = await planService({ daemon: true, user: 'signer' }, host);
    const dict = parsePlistDict(plist, { name: 'x' });
    expect(dict).toMatchObject({
      UserName: 'signer',
      EnvironmentVariables: { HOME: '/Volumes/More homes/signer', USER: 'signer' },
    });
    expect(dict).not.toHaveProperty('LimitLoadToSessionType');
    expect({ plistPath, domain }).toEqual({
      plistPath: join(host.daemonsDir, `${LABEL}.plist`),
      domain: 'system',
    });
  });

  test('is read by another program as by us', async () => {
    const { plist } = await planService({ daemon: true, user: 'signer', home: '/Users/ö & <x>' }, host);
    const [xml, binary] = [join(home, 'a.plist'), join(home, 'b.plist')];
    await writeFile(xml, plist);
    const there = await run('plistutil', ['-i', xml, '-o', binary, '-f', 'bin']);
    expect(there).toMatchObject({ exitCode: 0 });
    expect(parsePlistDict(await readFile(binary), { name: 'b' })).toEqual(
      parsePlistDict(plist, { name: 'a' }),
    );
  });

  test.each([
    [{ daemon: true } as const, /needs a user.*--user/],
    [{ daemon: true, user: 'root' } as const, /root/],
    [{ daemon: true, user: '../x' } as const, /not a name/],
    [{ daemon: true, user: 'nobody-here', home: '/Users' } as const, /no user "nobody-here".*sysadminctl/s],
    [{ envFile: '/nowhere/perry.env' }, /cannot be read.*ENOENT/],
  ])('is not made of %o', async (flags, text) => {
    await expect(planService(flags, host)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(planService(flags, host)).rejects.toThrow(text);
  });

  test('is not made of settings with which the daemon would not start', async () => {
    const envFile = await settingsFile('PERRY_MAX_CONCURRENT_BUILDS=many\n');
    await expect(planService({ envFile }, host)).rejects.toThrow(/PERRY_MAX_CONCURRENT_BUILDS/);
  });

  test('names a node that outlives the next upgrade of Homebrew', async () => {
    const cellar = join(home, 'Cellar/node/24.1.0/bin');
    const bin = join(home, 'bin');
    await mkdir(cellar, { recursive: true });
    await mkdir(bin);
    await writeFile(join(cellar, 'node'), '');
    await symlink(join(cellar, 'node'), join(bin, 'node'));
    const brewed = { ...host, execPath: join(cellar, 'node'), env: { PATH: `relative:${cellar}:${bin}` } };
    expect((await planService({}, brewed)).spec.nodePath).toBe(join(bin, 'node'));
    const lost = { ...brewed, env: { PATH: '/nowhere' } };
    expect((await planService({}, lost)).spec.nodePath).toBe(join(cellar, 'node'));
  });
});

describe('install and uninstall', () => {
  test('hands the list to launchd; a second time nothing is done', async () => {
    expect(await installService({}, host)).toMatchObject({ outcome: 'installed' });
    expect(await calls()).toEqual([
      `print gui/501/${LABEL}`,
      `enable gui/501/${LABEL}`,
      `bootstrap gui/501 ${plistPath()}`,
    ]);
    expect((await stat(plistPath())).mode & 0o777).toBe(0o644);
    expect(await readdir(dirname(plistPath()))).toEqual([`${LABEL}.plist`]);
    expect((await stat(join(home, 'Library/Logs/perry-ship'))).isDirectory()).toBe(true);
    expect(await installService({}, host)).toMatchObject({ outcome: 'unchanged' });
    expect(await calls()).toHaveLength(4);
  });

  test('starts again what was drained', async () => {
    await installService({}, host);
    await writeFile(join(home, 'fake/state'), 'not running');
    expect(await installService({}, host)).toMatchObject({ outcome: 'started' });
    expect((await calls()).at(-1)).toBe(`kickstart gui/501/${LABEL}`);
  });

  test('starts and stops one that is installed; what is so already is left alone', async () => {
    await installService({}, host);
    const said = (await calls()).length;
    await launchd.start({}, host);
    expect((await calls()).slice(said)).toEqual([`print gui/501/${LABEL}`]);
    await launchd.stop({}, host);
    await launchd.stop({}, host);
    expect(await launchd.state({}, host)).toBeUndefined();
    await launchd.start({}, host);
    expect(await launchd.state({}, host)).toMatchObject({ pid: 4711, hasFailed: false });
    await writeFile(join(home, 'fake/state'), 'spawn scheduled');
    expect(await launchd.state({}, host)).toMatchObject({ pid: null, hasFailed: true });
  });

  test('with other settings replaces the service', async () => {
    await installService({}, host);
    const envFile = await settingsFile('PERRY_DRAIN_TIMEOUT_MINUTES=1\n');
    expect(await installService({ envFile }, host)).toMatchObject({ outcome: 'updated' });
    expect(await calls()).toContain(`bootout gui/501/${LABEL}`);
    expect(await readFile(plistPath(), 'utf8')).toContain(envFile);
  });

  test('does not start a second one while the first still drains', async () => {
    await installService({}, host);
    await writeFile(join(home, 'fake/drains'), '');
    const envFile = await settingsFile('PERRY_DRAIN_TIMEOUT_MINUTES=1\n');
    const again = () => installService({ envFile }, host);
    await expect(again()).rejects.toMatchObject({ code: 'SERVICE_STILL_STOPPING' });
    await expect(again()).rejects.toMatchObject({ code: 'SERVICE_STILL_STOPPING' });
    expect((await stateOfService({}, host))?.state).toBe('SIGTERMed');
    await rm(join(home, 'fake/state'));
    expect(await again()).toMatchObject({ outcome: 'installed' });
  });

  test('says what launchd said when it refuses', async () => {
    await writeFile(join(home, 'fake/broken'), '');
    const refused = installService({}, host);
    await expect(refused).rejects.toMatchObject({ code: 'SERVICE_FAILED' });
    await expect(refused).rejects.toThrow(/125: Domain does not support.*desktop user/s);
  });

  test('uninstall stops and removes; where nothing is, it is no error', async () => {
    expect(await uninstallService({}, host)).toBe('absent');
    await installService({}, host);
    expect(await uninstallService({}, host)).toBe('removed');
    await expect(stat(plistPath())).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await stateOfService({}, host)).toBeUndefined();
    await installService({}, host);
    await writeFile(join(home, 'fake/drains'), '');
    expect(await uninstallService({}, host)).toBe('ending');
  });

  test('a LaunchAgent is not for root, a LaunchDaemon not for anybody else', async () => {
    await expect(installService({}, { ...host, uid: 0 })).rejects.toThrow(/without sudo/);
    await expect(installService({ daemon: true, user: 'signer', home }, host)).rejects.toThrow(/sudo/);
    const missing = installService({ daemon: true, user: 'signer', home: '/nowhere' }, { ...host, uid: 0 });
    await expect(missing).rejects.toThrow(/--home/);
  });

  test.runIf(process.getuid?.() === 0)(
    'a LaunchDaemon is installed by root into the system domain',
    async () => {
      const flags = { daemon: true, user: 'signer', home } as const;
      const { plan } = await installService(flags, { ...host, uid: 0 });
      expect((await calls()).at(-1)).toBe(`bootstrap system ${plan.plistPath}`);
      expect(installNotes(plan)).toContain(daemonTraps);
      const rotation = join(home, 'newsyslog.d', `${LABEL}.conf`);
      expect(await readFile(rotation, 'utf8')).toMatch(
        /Logs\/perry-ship\/perry-ship\.log \d+:\d+ 600 10 10240 \* JN\n$/,
      );
      await uninstallService(flags, { ...host, uid: 0 });
      await expect(stat(rotation)).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );

  test('there is no service where neither launchd nor systemd is', () => {
    expect(() => managerFor({ platform: 'freebsd' })).toThrow(
      expect.objectContaining({ code: 'SERVICE_UNSUPPORTED' }),
    );
  });
});

describe('with --json', () => {
  const said = async (command: typeof install): Promise<unknown> => {
    let text = '';
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((piece) => {
      text += String(piece);
      return true;
    });
    await command({ json: true }, host).finally(() => write.mockRestore());
    return JSON.parse(text);
  };
  afterEach(() => {
    process.exitCode = undefined;
  });

  test('every command tells a program what became of the service', async () => {
    expect(await said(status)).toEqual({ installed: false });
    const place = { plistPath: plistPath(), logDir: join(home, 'Library/Logs/perry-ship') };
    const facts = { ...place, envFile: null, unseenVariables: [] };
    expect(await said(install)).toEqual({ ok: true, outcome: 'installed', ...facts });
    expect(await said(install)).toMatchObject({ ok: true, outcome: 'unchanged' });
    expect(await said(status)).toMatchObject({ installed: true, state: 'running', pid: 4711 });
    const plist = await readFile(plistPath(), 'utf8');
    expect(await said(printDefinition)).toEqual({ ok: true, ...facts, plist });
    expect(await said(uninstall)).toEqual({ ok: true, outcome: 'removed' });
  });
});

describe('what launchd says', () => {
  test('is read at its own level only', async () => {
    await installService({}, host);
    expect(await stateOfService({}, host)).toEqual({
      state: 'running',
      pid: 4711,
      starts: 3,
      lastExit: '78: EX_CONFIG',
      plistPath: '/p.plist',
    });
    expect(parsePrint('nonsense')).toEqual({
      state: 'unknown',
      pid: null,
      starts: null,
      lastExit: null,
      plistPath: null,
    });
  });

  test('after an install the operator is told of the traps, and of settings that got lost', async () => {
    const { plan } = await installService({}, { ...host, env: { PERRY_HUB_URL: 'ws://h', OTHER: '1' } });
    const notes = installNotes(plan);
    expect(notes).toContain('not seen by the service: PERRY_HUB_URL.');
    for (const word of ['Login session', 'Keychain', 'Local Network']) expect(agentTraps).toContain(word);
    expect(notes).toContain(agentTraps);
    expect(notes).not.toContain(daemonTraps);
  });
});

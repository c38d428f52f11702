import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../src/adapters/process/run.ts';
import type { ServiceHost } from '../../src/service/host.ts';
import { installUnit, stateOfUnit, uninstallUnit } from '../../src/service/systemd/install.ts';
import { systemd } from '../../src/service/systemd/manager.ts';
import { planUnit, UNIT } from '../../src/service/systemd/plan.ts';
import { parseShow } from '../../src/service/systemd/systemctl.ts';

let home: string;
let host: ServiceHost;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'perry-unit-'));
  host = {
    platform: 'linux',
    ...{ uid: 1000, home, env: {}, execPath: process.execPath },
    ...{ launchctl: '/nowhere/launchctl', daemonsDir: '/nowhere', newsyslogDir: '/nowhere' },
    ...{ systemctl: await fakeSystemctl(), unitsDir: join(home, 'units') },
    ...{ getent: await fakeGetent(), dscl: '/nowhere/dscl' },
  };
});
afterEach(() => rm(home, { recursive: true, force: true }));

const calls = async (): Promise<string[]> =>
  (await readFile(join(home, 'fake', 'calls'), 'utf8').catch(() => ''))
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(/^--(user|system) --no-pager --no-ask-password /, '$1: '));
const unitPath = () => join(home, '.config/systemd/user', UNIT);

/** Behaves as systemctl 252: `show` of an unknown unit says `not-found` and exits 0; `stop --no-block` returns at once. */
async function fakeSystemctl(): Promise<string> {
  const dir = join(home, 'fake');
  await mkdir(dir);
  const script = `#!/bin/sh
cd "${dir}"
echo "$*" >> calls
[ -f broken ] && { echo "Failed to connect to bus: No medium found" >&2; exit 1; }
shift 3
[ "$1" = --no-block ] && shift
case "$1" in
  restart|start) echo active > state;;
  stop) if [ -f drains ]; then echo deactivating > state; else rm -f state; fi;;
  show)
    if [ -f state ]; then
      printf 'LoadState=loaded\\nActiveState=%s\\nSubState=running\\nMainPID=4711\\nNRestarts=2\\nExecMainStatus=0\\nFragmentPath=/u.service\\n' "$(cat state)"
    else printf 'LoadState=not-found\\nActiveState=inactive\\nSubState=dead\\nMainPID=0\\nNRestarts=0\\nExecMainStatus=0\\nFragmentPath=\\n'; fi;;
esac
exit 0
`;
  const path = join(dir, 'systemctl');
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

/** Behaves as getent of glibc: a line of passwd(5), or exit code 2; `signer` is a user of a server of directories. */
async function fakeGetent(): Promise<string> {
  const path = join(home, 'fake', 'getent');
  const script = `#!/bin/sh
case "$1 $2" in
  "passwd signer") echo "signer:*:70001:70001:Signer, of LDAP:/net/homes/signer:/bin/bash";;
  "passwd daemon") echo "daemon:x:1:1:daemon::/usr/sbin/nologin";;
  *) exit 2;;
esac
`;
  await writeFile(path, script, { mode: 0o755 });
  return path;
}

const hasAnalyze = (() => {
  try {
    execFileSync('systemd-analyze', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe('the unit', () => {
  test('says what systemd must know, and nothing secret', async () => {
    const envFile = join(home, 'perry.env');
    await writeFile(envFile, 'PERRY_HUB_WORKER_SECRET=s3cret-value\nPERRY_DRAIN_TIMEOUT_MINUTES=10\n', {
      mode: 0o600,
    });
    const { text } = await planUnit({ daemon: true, user: 'signer', home, envFile }, host);
    expect(text).toMatch(
      /^ExecStart="\/.*node" "--" "\/.*\/dist\/src\/cli\/perry-ship\.js" "run" "--env-file" ".*perry\.env"$/m,
    );
    for (const line of [
      'User=signer',
      `TimeoutStopSec=${10 * 60 + 140 + 60}`,
      'KillMode=mixed',
      'NoNewPrivileges=yes',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).toContain(`ReadWritePaths="${home}/.local/state/perry-ship"`);
    expect(text).not.toContain('s3cret-value');
    expect((await planUnit({}, host)).text).not.toMatch(/ProtectSystem|User=/);
  });

  test('has the home folder that this system knows of its user, wherever that is', async () => {
    const { spec } = await planUnit({ daemon: true, user: 'signer' }, host);
    expect(spec).toMatchObject({ user: 'signer', home: '/net/homes/signer' });
    expect(spec.writablePaths).toContain('/net/homes/signer/.local/state/perry-ship');
    if (process.platform !== 'linux') return;
    const known = await planUnit({ daemon: true, user: 'daemon' }, { ...host, getent: 'getent' });
    expect(known.spec).toMatchObject({ user: 'daemon', home: '/usr/sbin' });
  });

  test.runIf(hasAnalyze)('holds before systemd itself, also with odd paths, and is hardened', async () => {
    const odd = join(home, 'a "b" %h $HOME é');
    await mkdir(odd);
    await writeFile(join(odd, 'perry.env'), '', { mode: 0o600 });
    for (const flags of [
      { daemon: true, user: 'daemon', home: odd, envFile: join(odd, 'perry.env') } as const,
      {},
    ]) {
      const { text } = await planUnit(flags, host);
      const path = join(home, UNIT);
      await writeFile(path, text);
      const verified = await run('systemd-analyze', ['verify', '--man=no', path]);
      expect(verified).toMatchObject({ exitCode: 0, stderr: '' });
      if (flags.daemon !== true) continue;
      const { stdout } = await run('systemd-analyze', ['security', '--offline=true', path]);
      const exposure = /Overall exposure level for .*: (\d+\.\d)/.exec(stdout)?.[1];
      expect(Number(exposure)).toBeLessThan(3);
    }
  });

  test.each([
    [{ daemon: true } as const, /needs a user.*--user/],
    [{ daemon: true, user: 'root' } as const, /root/],
    [{ daemon: true, user: '../x' } as const, /not a name/],
    [{ daemon: true, user: 'nobody-here', home: '/srv' } as const, /no user "nobody-here".*useradd/s],
    [{ daemon: true, user: 'daemon' } as const, /not known.*--home/s],
    [{ envFile: '/nowhere/perry.env' }, /cannot be read.*ENOENT/],
    [{ daemon: true, user: 'signer', home: '/home/a\nExecStartPre=/bin/evil' } as const, /control character/],
  ])('is not made of %o', async (flags, text) => {
    await expect(planUnit(flags, host)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(planUnit(flags, host)).rejects.toThrow(text);
  });
});

describe('install and uninstall', () => {
  test('hands the unit to systemd; a second time nothing is done', async () => {
    expect(await installUnit({}, host)).toMatchObject({ outcome: 'installed' });
    expect((await calls()).slice(1)).toEqual([
      'user: daemon-reload',
      `user: enable ${UNIT}`,
      `user: --no-block restart ${UNIT}`,
    ]);
    expect((await stat(unitPath())).mode & 0o777).toBe(0o644);
    const before = await calls();
    expect(await installUnit({}, host)).toMatchObject({ outcome: 'unchanged' });
    expect(await calls()).toHaveLength(before.length + 1);
  });

  test('starts again what was drained, and replaces what has other settings', async () => {
    await installUnit({}, host);
    await writeFile(join(home, 'fake/state'), 'inactive');
    expect(await installUnit({}, host)).toMatchObject({ outcome: 'started' });
    const envFile = join(home, 'perry.env');
    await writeFile(envFile, 'PERRY_DRAIN_TIMEOUT_MINUTES=1\n', { mode: 0o600 });
    expect(await installUnit({ envFile }, host)).toMatchObject({ outcome: 'updated' });
    expect(await readFile(unitPath(), 'utf8')).toContain(envFile);
  });

  test('starts and stops one that is installed, also one that has failed too often', async () => {
    await installUnit({}, host);
    await systemd.stop({}, host);
    expect(await systemd.state({}, host)).toBeUndefined();
    const said = (await calls()).length;
    await systemd.start({}, host);
    expect((await calls()).slice(said)).toEqual([`user: reset-failed ${UNIT}`, `user: start ${UNIT}`]);
    expect(await systemd.state({}, host)).toMatchObject({ pid: 4711, hasFailed: false });
  });

  test('uninstall stops and removes; the unit of one that drains stays until it has ended', async () => {
    expect(await uninstallUnit({}, host)).toBe('absent');
    await installUnit({}, host);
    await writeFile(join(home, 'fake/drains'), '');
    expect(await uninstallUnit({}, host)).toBe('ending');
    expect((await stat(unitPath())).isFile()).toBe(true);
    await rm(join(home, 'fake/drains'));
    expect(await uninstallUnit({}, host)).toBe('removed');
    await expect(stat(unitPath())).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('says what systemd said when it cannot be reached', async () => {
    await writeFile(join(home, 'fake/broken'), '');
    const refused = installUnit({}, host);
    await expect(refused).rejects.toMatchObject({ code: 'SERVICE_FAILED' });
    await expect(refused).rejects.toThrow(/connect to bus.*--daemon --user/s);
  });

  test('one of a user is not for root, one of the system not for anybody else', async () => {
    await expect(installUnit({}, { ...host, uid: 0 })).rejects.toThrow(/without sudo/);
    await expect(installUnit({ daemon: true, user: 'signer', home }, host)).rejects.toThrow(/sudo/);
    const missing = installUnit({ daemon: true, user: 'signer', home: '/nowhere' }, { ...host, uid: 0 });
    await expect(missing).rejects.toThrow(/--home/);
  });

  test.runIf(process.getuid?.() === 0)('root makes the folders that the service may write to', async () => {
    const flags = { daemon: true, user: 'signer', home } as const;
    const { plan } = await installUnit(flags, { ...host, uid: 0 });
    for (const path of plan.spec.writablePaths) expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect((await calls()).at(-1)).toBe(`system: --no-block restart ${UNIT}`);
  });
});

describe('what systemd says', () => {
  test('is read by its names', async () => {
    expect(await stateOfUnit({}, host)).toBeUndefined();
    await installUnit({}, host);
    expect(await stateOfUnit({}, host)).toEqual({
      ...{ state: 'active (running)', pid: 4711, restarts: 2, lastExit: 0, unitPath: '/u.service' },
    });
    expect(await systemd.state({}, host)).toMatchObject({
      lines: expect.arrayContaining([['restarts', '2']]),
    });
    expect(parseShow('nonsense')).toMatchObject({ state: 'unknown (unknown)', pid: null });
  });
});

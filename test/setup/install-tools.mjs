/**
 * Gets what the tests judge and sign with, before the tests run: a plain program for `node`, quick when everything is
 * there. Needs the built worker in `dist`, because it finds or builds rcodesign the way the worker does.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Program, its Debian package, and what cannot be tested without it. */
const tools = [
  ['7z', 'p7zip-full', 'disk images read by an independent program'],
  ['plistutil', 'libplist-utils', 'property lists read by an independent program'],
  ['dmg2img', 'dmg2img', 'disk images converted by an independent program'],
  ['fls', 'sleuthkit', 'HFS+ volumes listed by an independent program'],
  ['llvm-objdump', 'llvm', 'Mach-O files read by an independent program'],
  ['openssl', 'openssl', 'certificates, .p12 files and time stamps'],
  ['bsdtar', 'libarchive-tools', 'files that come and go by the tar of macOS'],
  ['busybox', 'busybox', 'guests that have the smallest tools'],
  ['zsh', 'zsh', 'guests with the login shell of macOS'],
  ['promtool', 'prometheus', 'metrics and alert rules judged by Prometheus itself'],
  ['chromium', 'chromium', 'the page in a real browser'],
  ['systemd-analyze', 'systemd', 'the unit of the service'],
  ['sshd', 'openssh-server', 'guests that have the SSH server of macOS'],
  ['unzip', 'unzip', '.ipa files read by an independent program'],
  ['zip', 'zip', 'archives made by an independent program'],
];

const say = (line) => process.stdout.write(`setup: ${line}\n`);

const isExecutable = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const isOnPath = (program) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program)));

const missingTools = () => tools.filter(([program]) => !isOnPath(program));

const aptGet = (...args) =>
  spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 600_000,
  });

/** One package at a time, so that one that this Debian does not have costs only its own tests. */
const installPackages = (packages) => {
  say('apt-get update');
  aptGet('update');
  for (const name of packages) {
    say(`apt-get install ${name}`);
    const { status, stderr } = aptGet('install', '--yes', '--no-install-recommends', name);
    if (status !== 0)
      say(`apt-get could not install ${name}: ${stderr?.trim().split('\n').at(-1) ?? 'no reason given'}`);
  }
};

const installTools = () => {
  const packages = missingTools().map(([, name]) => name);
  const mayInstall = existsSync('/etc/debian_version') && process.getuid?.() === 0 && isOnPath('apt-get');
  if (packages.length > 0 && mayInstall) installPackages(packages);
  for (const [program, name, tests] of missingTools()) {
    say(`${program} is missing (Debian package ${name}); its tests are skipped: ${tests}`);
  }
  say(`${tools.length - missingTools().length} of ${tools.length} tools are here`);
};

const locateRcodesign = async () => {
  const built = new URL('../../dist/src/adapters/rcodesign/locate.js', import.meta.url);
  if (!existsSync(fileURLToPath(built))) {
    say('dist is not built; run "npm run build" first');
    process.exitCode = 1;
    return;
  }
  const { locateRcodesign: locate } = await import(built.href);
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => controller.abort(new Error(name)));
  try {
    const { path, version, source } = await locate({
      env: process.env,
      signal: controller.signal,
      onProgress: say,
    });
    say(`rcodesign ${version} (${source}): ${path}`);
  } catch (thrown) {
    say(thrown.message);
    process.exitCode = 1;
  }
};

installTools();
await locateRcodesign();
await import('./apple-signed.mjs');
await import('./apple-built.mjs');
await import('./in-toto.mjs');

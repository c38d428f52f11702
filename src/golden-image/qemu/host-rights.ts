import { readFile } from 'node:fs/promises';
import { run } from '../../adapters/process/run.ts';
import { ShipError } from '../../errors.ts';
import { toolPath } from './run-tool.ts';

const PROBE_TIMEOUT_MS = 30_000;

/** Switches of kernels and distributions, with the value that keeps ordinary users out, and the one that lets them in. */
const SWITCHES = [
  ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
  ['kernel.unprivileged_userns_clone', '0', '1'],
  ['user.max_user_namespaces', '0', '15000'],
] as const;

/**
 * As an ordinary user, mmdebstrap installs in a namespace in which other numbers of users are its own.
 *
 * @throws ShipError IMAGE_BUILD_FAILED where the host does not let this user
 */
export async function requireNamespaces(user: string, signal: AbortSignal): Promise<void> {
  if (process.geteuid?.() === 0) return;
  const { exitCode, stderr } = await run('mmdebstrap', ['--unshare-helper', 'true'], {
    env: { PATH: toolPath(process.env), LC_ALL: 'C.UTF-8' },
    ...{ signal, timeoutMs: PROBE_TIMEOUT_MS },
  });
  if (exitCode === 0) return;
  const said = stderr.split('\n').filter((line) => line.trim() !== '');
  throw new ShipError('IMAGE_BUILD_FAILED', {
    summary: 'This user cannot build an image on this host yet.',
    reason: `A user namespace with users of its own cannot be made; mmdebstrap said: ${said[0]?.slice(0, 200) ?? 'nothing'}.`,
    nextStep: `${await remedy(user)}; or build as root with PERRY_IMAGE_DIR set to a folder that this user can read.`,
    detail: { said: said.slice(0, 12) },
  });
}

async function remedy(user: string): Promise<string> {
  for (const [name, bad, good] of SWITCHES)
    if ((await settingOf(name)) === bad) return `Run "sudo sysctl -w ${name}=${good}" and build again`;
  const mapped = await Promise.all(['/etc/subuid', '/etc/subgid'].map((file) => hasLine(file, user)));
  return mapped.includes(false)
    ? `Run "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}" and build again`
    : 'Let this host make user namespaces for this user, and build again';
}

const settingOf = (name: string): Promise<string | undefined> =>
  readFile(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );

const hasLine = async (file: string, user: string): Promise<boolean> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').some((line) => line.startsWith(`${user}:`));

import { access, constants, realpath, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ShipError } from '../../../errors.ts';
import { run } from '../../process/run.ts';

const DEADLINE_MS = 10_000;
const SET_UID_BIT = 0o4000;

/**
 * For `tart run`. Softnet judges each packet of the guest by where it goes, the longest prefix first, and knows no
 * connections: without the host itself as an exception, the answers of sshd would not come through. So the guest still
 * reaches what listens on this host.
 */
export const BLOCK_FLAGS = ['--net-softnet-block=0.0.0.0/0', '--net-softnet-allow=@host'] as const;

/** What keeps the packet filter from being used, as the sentence that says how to change it; `undefined` when nothing does. */
export type Obstacle = string | undefined;

const INSTALL =
  'Install Softnet 0.19.0 or newer ("brew install openai/tools/softnet"), then start perry-ship again.';
const UPGRADE =
  'Bring Softnet to 0.19.0 or newer ("brew upgrade softnet"), which can block all but this host, then start perry-ship again.';
const permit = (file: string): string =>
  `Run "sudo chown root '${file}' && sudo chmod u+s '${file}'", again after each upgrade of Softnet, then start perry-ship again.`;

/**
 * Asks whether Softnet is on this host, can block everything but the host (0.19.0: `@host`), and may run as root: by its
 * set-user-ID bit, or by a sudo that wants no password, which are the two ways of Tart 2.32.1.
 *
 * @param path - folders with `delimiter` between them, as `tart` has them
 * @throws the signal's reason
 */
export async function softnetObstacle(path: string, signal: AbortSignal): Promise<Obstacle> {
  const file = await findProgram('softnet', path);
  if (file === undefined) return INSTALL;
  const { stdout } = await ask(file, ['--help'], path, signal);
  if (!stdout.includes('@host')) return UPGRADE;
  const real = await realpath(file);
  const { uid, mode } = await stat(real);
  if (uid === 0 && (mode & SET_UID_BIT) !== 0) return undefined;
  const { exitCode } = await ask('sudo', ['--non-interactive', file, '--help'], path, signal);
  return exitCode === 0 ? undefined : permit(real);
}

async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

/** A program that is not there has said nothing. */
async function ask(
  file: string,
  args: readonly string[],
  path: string,
  signal: AbortSignal,
): Promise<{ readonly stdout: string; readonly exitCode: number | undefined }> {
  try {
    return await run(file, args, { env: { PATH: path }, timeoutMs: DEADLINE_MS, signal });
  } catch (error) {
    if (error instanceof ShipError && error.code === 'COMMAND_NOT_FOUND')
      return { stdout: '', exitCode: undefined };
    throw error;
  }
}

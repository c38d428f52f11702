import { randomUUID } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '../../adapters/process/run.ts';
import type { BuildCommand } from './commands.ts';
import { toolPath } from './run-tool.ts';

/**
 * util-linux unshare(1): mounts and processes of mmdebstrap exist in namespaces that end with it, even by SIGKILL. As
 * an ordinary user it makes such namespaces by itself.
 */
const NAMESPACES = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] as const;

/** On a disk, and open to all users, which a TMPDIR of one user mostly is not. */
const SHARED_FOLDER = '/var/tmp';
/** Names where that folder is. */
const RECORD = 'scratch-folder';
const SCRATCH_NAME = /^perry-image-[0-9a-f-]{36}$/;
/** Anybody may go in, and nobody but the owner removes what is there: as `/tmp`. */
const OPEN_TO_ALL = 0o1777;
const PROBE_TIMEOUT_MS = 30_000;

const isRoot = (): boolean => process.geteuid?.() === 0;

/**
 * The command as it is run: its root folder grows in a folder of ours, and its mounts end with it.
 *
 * @param scratch - of `makeScratch`
 */
export async function confined(
  command: BuildCommand,
  scratch: string,
  signal: AbortSignal,
): Promise<BuildCommand> {
  const env = { ...command.env, TMPDIR: scratch };
  if (!(await mayUnshare(signal))) return { ...command, env };
  const [file, ...args] = NAMESPACES;
  return { ...command, file, args: [...args, command.file, ...command.args], env };
}

/** A container may lack that right: then nothing can be mounted either. */
async function mayUnshare(signal: AbortSignal): Promise<boolean> {
  if (!isRoot()) return false;
  const [file, ...args] = NAMESPACES;
  const { exitCode } = await run(file, [...args, 'true'], { signal, timeoutMs: PROBE_TIMEOUT_MS });
  return exitCode === 0;
}

/**
 * The folder in which mmdebstrap makes its root folder. Users of other numbers must reach it, which they mostly cannot
 * below a home directory: apt's, which downloads and verifies, and all that an ordinary user works as.
 */
export async function makeScratch(work: string): Promise<string> {
  const folder = join(SHARED_FOLDER, `perry-image-${randomUUID()}`);
  // before it is there, so that it is always found again
  await writeFile(join(work, RECORD), folder);
  await mkdir(folder);
  await chmod(folder, isRoot() ? 0o755 : OPEN_TO_ALL);
  return folder;
}

/** Removes a work folder with all that a build, killed or not, has made in it and outside. */
export async function removeWork(work: string, signal?: AbortSignal): Promise<void> {
  const outside = await readFile(join(work, RECORD), 'utf8').catch(() => undefined);
  if (outside !== undefined && SCRATCH_NAME.test(basename(outside))) await removeScratch(outside, signal);
  await rm(work, { recursive: true, force: true });
}

async function removeScratch(folder: string, signal: AbortSignal | undefined): Promise<void> {
  const facts = await lstat(folder).catch(() => undefined);
  if (!facts?.isDirectory() || facts.uid !== process.geteuid?.()) return;
  const left = (await readdir(folder)).map((name) => join(folder, name));
  // it belongs to users of other numbers, which are ours in a namespace
  if (left.length > 0 && !isRoot())
    await run('mmdebstrap', ['--unshare-helper', 'rm', '-rf', '--', ...left], {
      env: { PATH: toolPath(process.env) },
      ...(signal && { signal }),
    });
  await rm(folder, { recursive: true, force: true });
}

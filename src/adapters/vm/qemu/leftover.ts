import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { commandWords, connectionEnd } from '../left-process.ts';
import { CLONE_FILES } from './layout.ts';

/**
 * Kills the QEMU process that a previous process of the daemon left, and waits until it is gone. A process id may belong
 * to somebody else by now: only a QEMU that runs under the very name of the clone, which nobody can guess, is touched.
 */
export async function killLeftover(name: string, cloneDir: string, signal: AbortSignal): Promise<void> {
  const pid = await writtenPid(join(cloneDir, CLONE_FILES.processId));
  if (pid === undefined || !(await isMachine(name, pid, signal))) return;
  const gone = connectionEnd({ path: aliveSocket(pid, cloneDir) }, signal);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
  await gone;
}

async function writtenPid(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const pid = Number(/^(\d{1,10})\n?$/.exec(text)?.[1]);
  return pid > 1 && pid < 2 ** 31 ? pid : undefined;
}

async function isMachine(name: string, pid: number, signal: AbortSignal): Promise<boolean> {
  const [program = '', ...args] = await commandWords(pid, signal);
  const at = args.indexOf('-name');
  return basename(program).startsWith('qemu-system-') && at >= 0 && args[at + 1] === name;
}

/** The path of a socket may have no more than 107 bytes; by its process it is short however long the folder's is. */
const aliveSocket = (pid: number, cloneDir: string): string =>
  process.platform === 'linux'
    ? join('/proc', String(pid), 'cwd', CLONE_FILES.alive)
    : join(cloneDir, CLONE_FILES.alive);

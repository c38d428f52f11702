import { readFile } from 'node:fs/promises';
import { run } from '../adapters/process/run.ts';

/** `unknown`: the process exists, but nothing more can be learnt about it. */
export type ProcessIdentity =
  | { readonly state: 'gone' | 'unknown' }
  | { readonly state: 'alive'; mark: string };

/** Where the fields of `/proc/PID/stat` begin that follow the name: state is the third of all, start the 22nd. */
const STATE_FIELD = 0;
const START_FIELD = 19;

/**
 * Says whether a process lives, and when it began: numbers of processes are used again, also by a process that
 * has nothing to do with us, so a number alone proves nothing. A zombie counts as gone.
 */
export async function identityOf(pid: number): Promise<ProcessIdentity> {
  if (!exists(pid)) return { state: 'gone' };
  const seen = process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid);
  if (seen.state === 'unknown' && !exists(pid)) return { state: 'gone' };
  return seen;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
async function fromProc(pid: number): Promise<ProcessIdentity> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // the name in parentheses may itself hold spaces and parentheses
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const begun = fields[START_FIELD];
  if (begun === undefined) return { state: 'unknown' };
  if (fields[STATE_FIELD] === 'Z' || fields[STATE_FIELD] === 'X') return { state: 'gone' };
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return { state: 'alive', mark: `${boot.trim()}/${begun}` };
}

/** macOS `ps -o stat= -o lstart=` prints e.g. `Ss   Tue Nov 24 04:01:18 2026`; exit 1 when there is no such process. */
async function fromPs(pid: number): Promise<ProcessIdentity> {
  const env = { LC_ALL: 'C', TZ: 'UTC' };
  const args = ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)];
  const { stdout } = await run('/bin/ps', args, { env, timeoutMs: 5_000 }).catch(() => ({ stdout: '' }));
  const [, status = '', begun] = /^\s*(\S+)\s+(\S.*\S)\s*$/.exec(stdout) ?? [];
  if (begun === undefined) return { state: 'unknown' };
  return status.startsWith('Z') ? { state: 'gone' } : { state: 'alive', mark: begun.replace(/\s+/g, ' ') };
}

import { readdir, readFile, writeFile } from 'node:fs/promises';

/** Resident memory of one process in bytes; 0 when it is gone. */
export async function residentBytes(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const of = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}

const TICKS_PER_SECOND = 100;

/** CPU time of a process and of all its descendants that have ended and been waited for. */
export async function cpuMs(pid: number): Promise<number> {
  const { own, ofDescendants } = await cpuTimesMs(pid);
  return own + ofDescendants;
}

/** The same, apart. */
export async function cpuTimesMs(pid: number): Promise<{ own: number; ofDescendants: number }> {
  return cpuMsIn(await readFile(`/proc/${pid}/stat`, 'utf8'));
}

/** @param stat - as `/proc/PID/stat` has it, proc_pid_stat(5) */
export function cpuMsIn(stat: string): { own: number; ofDescendants: number } {
  const ticks = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
  const [user = 0, system = 0, descendantsUser = 0, descendantsSystem = 0] = ticks;
  const ms = (count: number): number => (count / TICKS_PER_SECOND) * 1_000;
  return { own: ms(user + system), ofDescendants: ms(descendantsUser + descendantsSystem) };
}

/** From here on the peak counts anew (Linux, proc_pid_clear_refs(5)). */
export const resetPeak = (pid: number): Promise<void> => writeFile(`/proc/${pid}/clear_refs`, '5');

/** Resident memory of everything that a process has started, directly or not; it itself not counted. */
export async function descendantBytes(root: number): Promise<number> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = /\) \S (\d+)/.exec(stat)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const below = [...parents.keys()].filter((pid) => pid !== root && isBelow(pid, root, parents));
  const sizes = await Promise.all(below.map(residentBytes));
  return sizes.reduce((sum, { now }) => sum + now, 0);
}

/** Resident memory of each process that this one has started itself and that runs such a program. */
export async function childBytes(
  root: number,
  program: RegExp,
): Promise<Map<number, { now: number; peak: number }>> {
  const children = await readFile(`/proc/${root}/task/${root}/children`, 'utf8').catch(() => '');
  const sizes = new Map<number, { now: number; peak: number }>();
  for (const pid of children
    .split(' ')
    .filter((word) => word !== '')
    .map(Number)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (program.test(command)) sizes.set(pid, await residentBytes(pid));
  }
  return sizes;
}

function isBelow(pid: number, root: number, parents: ReadonlyMap<number, number>): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
    if (at === root) return true;
  return false;
}

import { existsSync, readFileSync } from 'node:fs';

/** When a process began, in ticks of the system: tells it from a later one with the same id. */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 'ZX'.includes(state) ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

export const me = () => ({ pid: process.pid, start: startOf(process.pid) ?? null });

export function isAlive({ pid, start }) {
  if (existsSync('/proc/self/stat')) return startOf(pid) === start;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

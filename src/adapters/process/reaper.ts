import { type LongLivedProcess, spawnLongLived } from './long-lived.ts';

/**
 * Keeps the list of process groups outside this process, and kills them when the pipe to it breaks: so nothing that
 * was started survives us, even when we die by SIGKILL.
 */
export const REAPER_SCRIPT = `
groups=
while read -r sign pid; do
  kept=
  for group in $groups; do [ "$group" = "$pid" ] || kept="$kept $group"; done
  groups=$kept
  [ "$sign" = + ] && groups="$groups $pid"
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
:`;

/** Lives only as long as there is somebody to watch over. */
export interface Reaper {
  /** From now on until it has ended, this process and its group end with us. */
  watch(child: Pick<LongLivedProcess, 'pid' | 'exited'>): void;
}

export function createReaper(): Reaper {
  let watched = 0;
  let reaper: LongLivedProcess | undefined;
  return {
    watch: (child) => {
      reaper ??= startReaper();
      const { stdin } = reaper;
      watched += 1;
      stdin.write(`+ ${child.pid}\n`);
      void child.exited.then(() => {
        stdin.write(`- ${child.pid}\n`);
        watched -= 1;
        if (watched > 0) return;
        stdin.end();
        reaper = undefined;
      });
    },
  };
}

function startReaper(): LongLivedProcess {
  const reaper = spawnLongLived('/bin/sh', ['-c', REAPER_SCRIPT], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  });
  reaper.stdout.resume();
  reaper.stderr.resume();
  return reaper;
}

import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** Outlives us for a moment: kills what we started when our end of the pipe breaks, even by SIGKILL. */
const REAPER = `
groups=
while read -r sign pid; do
  kept=
  for group in $groups; do [ "$group" = "$pid" ] || kept="$kept $group"; done
  groups=$kept
  [ "$sign" = + ] && groups="$groups $pid"
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
:`;

/** Begins when it is told to: by then the reaper knows it. Without a word, because we were killed, it does not begin. */
const ON_COMMAND = 'read -r go <&3 || exit 1; exec 3<&-; exec "$@"';

/** To the process that is the machine: shut down in good order. */
export const POWER_SIGNAL = process.platform === 'linux' ? 'SIGPWR' : 'SIGINFO';

/** Runs programs as the user of the guest: a home folder, a PATH, and nothing else of the host's environment. */
export function guestCommands({ home, disk }) {
  const env = {
    HOME: home,
    TMPDIR: join(home, 'tmp'),
    PATH: [...disk.path, join(home, 'root/usr/local/bin'), '/usr/bin', '/bin', '/usr/sbin', '/sbin'].join(
      ':',
    ),
    USER: disk.user,
    LOGNAME: disk.user,
    SHELL: '/bin/sh',
    POWER_BUTTON: `kill -s ${POWER_SIGNAL.slice(3)} ${process.pid}`,
  };
  const reaper = spawn('/bin/sh', ['-c', REAPER], {
    env,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  reaper.stdin.on('error', () => {});
  const running = new Set();
  const kill = (child, signal = 'SIGKILL') => {
    try {
      if (running.has(child)) process.kill(-child.pid, signal);
    } catch {
      // it has just ended
    }
  };
  return {
    kill,
    start: (argv) => {
      const child = spawn('/bin/sh', ['-c', ON_COMMAND, 'sh', ...argv], {
        cwd: home,
        env,
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      });
      child.stdio[3].on('error', () => {});
      child.on('error', () => {});
      child.stdin.on('error', () => {});
      if (!child.pid) return child;
      running.add(child);
      reaper.stdin.write(`+ ${child.pid}\n`);
      child.stdio[3].end('go\n');
      child.once('exit', () => {
        kill(child);
        running.delete(child);
        reaper.stdin.write(`- ${child.pid}\n`);
      });
      return child;
    },
    stop: () => {
      for (const child of running) kill(child);
      reaper.stdin.end();
    },
  };
}

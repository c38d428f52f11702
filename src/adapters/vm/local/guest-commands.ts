import type { RunningExec, ServerExec } from '../../guest/ssh/server.ts';
import { type LongLivedProcess, spawnLongLived } from '../../process/long-lived.ts';
import { REAPER_SCRIPT } from '../../process/reaper.ts';

export interface GuestCommands {
  run(exec: ServerExec): RunningExec;
  killAll(): void;
}

const FORWARDED = ['SIGHUP', 'SIGINT', 'SIGKILL', 'SIGTERM'];

/** Runs each command by `/bin/sh -c` in a process group of its own, with the environment of this process. */
export function guestCommands(cwd: string): GuestCommands {
  const env = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  // It holds our stdout and stderr: who waits for the end of these waits until the last group was killed.
  const reaper = spawnLongLived('/bin/sh', ['-c', REAPER_SCRIPT], { cwd, env, output: 'inherit' });
  const running = new Set<LongLivedProcess>();
  return {
    run: (exec) => {
      const child = spawnLongLived('/bin/sh', ['-c', exec.command], { cwd, env });
      running.add(child);
      reaper.stdin.write(`+ ${child.pid}\n`);
      child.exited.then(() => {
        child.signalGroup('SIGKILL');
        running.delete(child);
        reaper.stdin.write(`- ${child.pid}\n`);
      });
      // Its id may belong to somebody else once it has ended.
      const signal = (name: NodeJS.Signals) => running.has(child) && child.signalGroup(name);
      return connectStreams(child, exec, signal);
    },
    killAll: () => {
      for (const child of running) child.signalGroup('SIGKILL');
    },
  };
}

function connectStreams(
  child: LongLivedProcess,
  exec: ServerExec,
  signal: (name: NodeJS.Signals) => void,
): RunningExec {
  exec.stdin.pipe(child.stdin);
  // A command that stopped reading: the rest of its input is taken and dropped, so that the channel can close.
  child.stdin.once('close', () => exec.stdin.resume());
  child.stdout.pipe(exec.stdout, { end: false });
  child.stderr.pipe(exec.stderr, { end: false });
  child.closed.then(({ exitCode, signal }) =>
    exec.exit(exitCode === null ? { signal: signal ?? 'KILL' } : { code: exitCode }),
  );
  return {
    onSignal: (name) => {
      if (FORWARDED.includes(`SIG${name}`)) signal(`SIG${name}` as NodeJS.Signals);
    },
    onClose: () => {
      signal('SIGKILL');
      // The channel takes nothing any more: what is left must not keep the pipes open.
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    },
  };
}

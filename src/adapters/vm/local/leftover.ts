import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { run } from '../../process/run.ts';
import { cloneLayout, type Listening, parseListening } from './layout.ts';

/** Where the guest of a clone said that it listens; `undefined` before it did. */
export async function readListening(cloneDir: string): Promise<Listening | undefined> {
  try {
    return parseListening(await readFile(cloneLayout(cloneDir).listening, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Kills the guest that a previous process of the daemon left, and waits until it is gone. A process id may have been
 * given to somebody else since: only a process that has this very clone in its command line is touched.
 */
export async function killLeftover(cloneDir: string, signal: AbortSignal): Promise<void> {
  const listening = await readListening(cloneDir);
  if (!listening || !(await isGuestOf(cloneDir, listening.pid, signal))) return;
  const gone = connectionEnd(listening.port, signal);
  try {
    process.kill(listening.pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
  await gone;
}

async function isGuestOf(cloneDir: string, pid: number, signal: AbortSignal): Promise<boolean> {
  const command = await commandLine(pid, signal);
  return command.includes(cloneDir) && command.includes('guest-main');
}

async function commandLine(pid: number, signal: AbortSignal): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { signal })).stdout;
}

/** The system closes the sockets of a process when it dies: no need to ask again and again. */
function connectionEnd(port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, signal });
    socket.on('error', () => {}).on('close', () => (signal.aborted ? reject(signal.reason) : resolve()));
    socket.resume();
  });
}

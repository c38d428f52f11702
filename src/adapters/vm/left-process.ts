import { readFile } from 'node:fs/promises';
import { connect, type NetConnectOpts } from 'node:net';
import { run } from '../process/run.ts';

/**
 * The words that a process was started with; none for one that is gone. Without /proc they come from ps, where a word that
 * holds a space is several.
 */
export async function commandWords(pid: number, signal: AbortSignal): Promise<string[]> {
  if (process.platform === 'linux')
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  const { stdout } = await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { signal });
  return stdout.split(' ');
}

/** The system closes the sockets of a process when it dies: no need to ask again and again. */
export function connectionEnd(to: NetConnectOpts, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...to, signal });
    socket.on('error', () => {}).on('close', () => (signal.aborted ? reject(signal.reason) : resolve()));
    socket.resume();
  });
}

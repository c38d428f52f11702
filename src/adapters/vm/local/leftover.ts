import { readFile } from 'node:fs/promises';
import { commandWords, connectionEnd } from '../left-process.ts';
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
  const gone = connectionEnd({ host: '127.0.0.1', port: listening.port }, signal);
  try {
    process.kill(listening.pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
  await gone;
}

async function isGuestOf(cloneDir: string, pid: number, signal: AbortSignal): Promise<boolean> {
  const command = (await commandWords(pid, signal)).join(' ');
  return command.includes(cloneDir) && command.includes('guest-main');
}

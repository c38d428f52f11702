import { readFile } from 'node:fs/promises';
import { run } from './run.ts';

const KIB = 1_024;

/**
 * Bytes of memory that a process takes up now, seen from outside: it need not answer.
 *
 * @returns `undefined` when it is gone, or the system does not say
 */
export async function residentBytes(pid: number, signal: AbortSignal): Promise<number | undefined> {
  const kib = process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid, signal);
  return kib === undefined || !Number.isFinite(kib) ? undefined : kib * KIB;
}

/** `VmRSS:     48204 kB`, which is always in units of 1,024 bytes. */
async function fromProc(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  const kib = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? undefined : Number(kib);
}

async function fromPs(pid: number, signal: AbortSignal): Promise<number | undefined> {
  const { exitCode, stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)], { signal });
  return exitCode === 0 ? Number(stdout.trim() || Number.NaN) : undefined;
}

import { Head } from '../../guest/ssh/collect.ts';
import { spawnLongLived } from '../../process/long-lived.ts';
import { createReaper } from '../../process/reaper.ts';
import { settlesWithin } from '../patience.ts';
import { probeArguments, qemuProgram } from './command-line.ts';
import type { SoundImage } from './image.ts';

/** Where KVM works the guest has powered off after a second; a busy host takes a few. */
const PROBE_TIMEOUT_MS = 20_000;
const MAX_OUTPUT_BYTES = 64 * 1024;
/** What the initrd of a golden image says when its kernel was started with `perry.probe`, before it powers off. */
const ANSWER = 'probe-ok';

/** Boots a kernel with KVM that does nothing but power off. Never rejects: what does not work is answered with false. */
export async function probeKvm({ facts, kernel, initrd }: SoundImage): Promise<boolean> {
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C' };
  const args = probeArguments(facts.architecture, { kernel, initrd });
  const child = spawnLongLived(qemuProgram(facts.architecture), args, { cwd: '/', env });
  // a guest that hangs would otherwise do so for ever when this daemon is killed
  createReaper().watch(child);
  const said = new Head(MAX_OUTPUT_BYTES);
  child.stdout.on('data', (chunk: Buffer) => said.add(chunk));
  child.stderr.resume();
  const isInTime = await settlesWithin(child.closed, PROBE_TIMEOUT_MS);
  if (!isInTime) child.signalGroup('SIGKILL');
  const { exitCode } = await child.closed;
  return isInTime && exitCode === 0 && said.toString().includes(ANSWER);
}

import { availableParallelism } from 'node:os';
import { ShipError } from '../../../errors.ts';
import { run } from '../../process/run.ts';
import { type Architecture, qemuPackage, qemuProgram } from './command-line.ts';
import { notInstalled } from './failures.ts';
import { hostArchitecture } from './image.ts';

const DEADLINE_MS = 30_000;
/** Older ones were never tried; this one is in Debian 12 and Ubuntu 23.04. */
const OLDEST = { major: 7, minor: 2 };
const VERSION = /^QEMU emulator version (\d{1,3})\.(\d{1,3})/;

/**
 * Whether QEMU is on this host.
 *
 * @returns what it says of its version
 * @throws ShipError COMMAND_NOT_FOUND · VM_HOST_NOT_READY
 */
export async function checkQemu(signal: AbortSignal): Promise<string> {
  const architecture = hostArchitecture();
  if (architecture === undefined) throw unknownHost();
  const program = qemuProgram(architecture);
  const said = await versionOf(program, architecture, signal);
  await versionOf('qemu-img', architecture, signal);
  const [, major, minor] = VERSION.exec(said) ?? [];
  const isOld =
    Number(major) < OLDEST.major || (Number(major) === OLDEST.major && Number(minor) < OLDEST.minor);
  if (major === undefined || isOld) throw tooOld(program, said);
  return said.split('\n')[0] ?? '';
}

/** So many are made unless another number is set, also on a host with one. */
const ALWAYS_ALLOWED_CPUS = 2;

/**
 * Machines with more processors than the host boot for minutes, and end by a deadline.
 *
 * @param cpus - of each machine
 * @param available - of this host, to this process
 * @throws ShipError VM_HOST_NOT_READY
 */
export function requireProcessors(cpus: number, available: number = availableParallelism()): void {
  if (cpus <= Math.max(available, ALWAYS_ALLOWED_CPUS)) return;
  throw new ShipError('VM_HOST_NOT_READY', {
    summary: 'Machines of the size that is set cannot be made on this host.',
    reason: `PERRY_VM_CPUS asks for ${cpus} processors, which is more than this host has: ${available}.`,
    nextStep: `Set PERRY_VM_CPUS to ${Math.max(available, ALWAYS_ALLOWED_CPUS)} or less.`,
  });
}

async function versionOf(program: string, architecture: Architecture, signal: AbortSignal): Promise<string> {
  const result = await run(program, ['--version'], { signal, timeoutMs: DEADLINE_MS }).catch(
    (error: unknown) => {
      if (error instanceof ShipError && error.code === 'COMMAND_NOT_FOUND')
        throw notInstalled(program, `${qemuPackage(architecture)} qemu-utils`, error);
      throw error;
    },
  );
  if (result.exitCode === 0) return result.stdout;
  throw new ShipError('VM_HOST_NOT_READY', {
    summary: `The program "${program}" does not run on this host.`,
    reason: result.timedOut ? 'It did not answer in time.' : `It ended with exit code ${result.exitCode}.`,
    nextStep: `Run "${program} --version" by hand, and install it again where it fails.`,
    detail: { stderr: result.stderr.slice(-2_048) },
  });
}

const unknownHost = (): ShipError =>
  new ShipError('VM_HOST_NOT_READY', {
    summary: 'The driver "qemu" does not work on this host.',
    reason: `There is no image for its architecture, ${process.arch}.`,
    nextStep: 'Use a host with x86_64 or aarch64.',
  });

const tooOld = (program: string, said: string): ShipError =>
  new ShipError('VM_HOST_NOT_READY', {
    summary: `The program "${program}" on this host cannot be used.`,
    reason: `QEMU ${OLDEST.major}.${OLDEST.minor} or newer is needed, and it says "${said.slice(0, 100)}".`,
    nextStep: 'Install a newer QEMU, as Debian 12 and Ubuntu 24.04 have it.',
  });

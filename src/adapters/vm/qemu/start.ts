import { join } from 'node:path';
import { type FailureCode, ShipError } from '../../../errors.ts';
import type { MachineKeys } from './clone.ts';
import { type Accelerator, type Architecture, machineArguments, qemuProgram } from './command-line.ts';
import { CLONE_FILES } from './layout.ts';
import type { QemuEnd, QemuStart } from './machine.ts';
import type { QemuDriverOptions } from './options.ts';

/** What this process remembers of a machine that it made. */
export interface KnownMachine extends MachineKeys {
  readonly architecture: Architecture;
  readonly accelerator: Accelerator;
}

export function startOf(
  name: string,
  cloneDir: string,
  { architecture, accelerator }: Pick<KnownMachine, 'architecture' | 'accelerator'>,
  { cpus, memoryMb, guestNetwork }: QemuDriverOptions,
): QemuStart {
  const shape = { name, architecture, accelerator, cpus, memoryMb, guestNetwork };
  return {
    program: qemuProgram(architecture),
    args: machineArguments(shape, join(cloneDir, CLONE_FILES.processId)),
    cwd: cloneDir,
  };
}

interface Explanation {
  readonly said: RegExp;
  readonly code: FailureCode;
  readonly reason: string;
  readonly nextStep: string;
}

/** What QEMU 7.2 says when it does not start, and what the operator does about it. */
const explanations: readonly Explanation[] = [
  {
    said: /Cannot allocate memory|cannot set up guest memory/,
    code: 'VM_START_FAILED',
    reason: 'This host has not enough free memory for another machine.',
    nextStep: 'Lower PERRY_VM_MEMORY_MB or PERRY_MAX_CONCURRENT_BUILDS.',
  },
  {
    said: /No space left on device/,
    code: 'VM_DISK_FULL',
    reason: 'The volume of the state folder is full.',
    nextStep: 'Free space there.',
  },
  {
    said: /Could not open 'disk\.qcow2'|could not open kernel|could not load kernel|could not load initrd|Could not open backing file/,
    code: 'VM_IMAGE_UNUSABLE',
    reason:
      'A file of the golden image could not be opened: it was removed, moved or replaced after the clone.',
    nextStep: 'Run "perry-ship image list" and build the image again where it is missing.',
  },
  {
    said: /Could not access KVM|failed to initialize kvm/i,
    code: 'VM_HOST_NOT_READY',
    reason: 'QEMU may not use /dev/kvm.',
    nextStep: 'Add the user of perry-ship to the group "kvm", and start perry-ship again.',
  },
];

const UNKNOWN: Omit<Explanation, 'said'> = {
  code: 'VM_START_FAILED',
  reason: 'QEMU ended before the machine was started.',
  nextStep: 'Try again; if it fails again, the log has what QEMU said.',
};

/** The error for a machine that never ran; what QEMU said goes to the log alone. */
export function didNotStart(name: string, { exitCode, signal, stderr }: QemuEnd): ShipError {
  const { code, reason, nextStep } = explanations.find(({ said }) => said.test(stderr)) ?? UNKNOWN;
  return new ShipError(code, {
    summary: `The machine "${name}" could not be started.`,
    reason,
    nextStep,
    detail: { exitCode, signal, stderr: stderr.slice(-2_048) },
  });
}

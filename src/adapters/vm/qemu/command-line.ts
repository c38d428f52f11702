import type { GoldenImage } from '../../../domain/golden-image.ts';
import type { GuestNetwork } from '../../../domain/vm-driver.ts';
import { CLONE_FILES } from './layout.ts';

export type Architecture = GoldenImage['architecture'];

/** `kvm`: the processor runs the guest; `tcg`: QEMU emulates one in software. */
export type Accelerator = 'kvm' | 'tcg';

export interface MachineShape {
  readonly name: string;
  /** Of the host and of the guest alike. */
  readonly architecture: Architecture;
  readonly accelerator: Accelerator;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly guestNetwork: GuestNetwork;
}

export const qemuProgram = (architecture: Architecture): string => `qemu-system-${architecture}`;

/** The package of Debian that has it. */
export const qemuPackage = (architecture: Architecture): string =>
  architecture === 'x86_64' ? 'qemu-system-x86' : 'qemu-system-arm';

const boards: Readonly<Record<Architecture, string>> = { x86_64: 'q35', aarch64: 'virt' };

/** On a busy host the ticks of an emulated timer come late, and Linux on x86_64 panics where it finds them missing. */
const kernelWords: Readonly<Record<Architecture, string>> = {
  x86_64: 'console=ttyS0 no_timer_check',
  aarch64: 'console=ttyAMA0',
};

/** Its algorithms are not tried at each boot, which takes 0.2 s where the processor is emulated. */
const QUICK = 'mitigations=off cryptomgr.notests';

/**
 * Linux on x86_64 measures the speed of each further emulated processor while all run, for 2 s. So it is told: passes of
 * its delay loop in 4 ms at 2.5 GHz. It only waits by that, and in a machine that is emulated nothing needs a long wait.
 */
const emulatedWords: Readonly<Record<Architecture, string>> = { x86_64: 'lpj=10000000', aarch64: '' };

/** The best processor that can be emulated; pointer authentication in the algorithm of QEMU, which is several times faster. */
const emulated: Readonly<Record<Architecture, string>> = { x86_64: 'max', aarch64: 'max,pauth-impdef=on' };

/** What QEMU itself may not do any more once it runs, so that who breaks out of a guest finds little. */
const SANDBOX = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny';

/** Nothing that is not asked for, and an end instead of a restart. */
const BARE = ['-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot', '-sandbox', SANDBOX];

/** Where in the guest `/sys/firmware/qemu_fw_cfg/by_name/` has what is passed in. */
const FIRMWARE = 'opt/io.perry-ship';

/**
 * The arguments of QEMU (7.2 and newer) for one machine. It runs in the folder of the clone; its descriptors 0 and 1 carry
 * QMP, descriptor 3 the serial console.
 *
 * @see https://www.qemu.org/docs/master/system/invocation.html
 * @param pidFile - absolute path: it also tells people which state folder a process belongs to
 */
export function machineArguments(shape: MachineShape, pidFile: string): string[] {
  return [
    ...['-name', shape.name, '-pidfile', pidFile],
    ...BARE,
    ...processor(shape),
    ...['-smp', `${shape.cpus}`, '-m', `${shape.memoryMb}M`],
    ...kernel(shape.architecture, CLONE_FILES, kernelWordsOf(shape)),
    ...disk(),
    ...network(shape.guestNetwork),
    ...['-device', 'virtio-rng-pci'],
    ...['-fw_cfg', `name=${FIRMWARE}/host_key,file=${CLONE_FILES.hostKey}`],
    ...['-fw_cfg', `name=${FIRMWARE}/authorized_key,file=${CLONE_FILES.authorizedKey}`],
    ...['-chardev', 'socket,id=serial,fd=3', '-serial', 'chardev:serial'],
    ...['-chardev', `socket,id=alive,path=${CLONE_FILES.alive},server=on,wait=off`],
    ...['-qmp', 'stdio'],
  ];
}

interface KernelFiles {
  readonly kernel: string;
  readonly initrd: string;
}

/** For a guest without a disk that says `probe-ok` on its standard output with KVM, and powers off. */
export function probeArguments(architecture: Architecture, files: KernelFiles): string[] {
  return [
    ...['-name', 'perry-ship-probe', ...BARE],
    ...processor({ architecture, accelerator: 'kvm' }),
    ...['-smp', '1', '-m', '256M'],
    ...kernel(architecture, files, 'perry.probe'),
    ...['-serial', 'stdio'],
  ];
}

/** The memory of a guest, which holds a key, is in no core file and shared with no other process. */
function processor({
  architecture,
  accelerator,
}: Pick<MachineShape, 'architecture' | 'accelerator'>): string[] {
  const board = `${boards[architecture]},mem-merge=off,dump-guest-core=off`;
  const gic = architecture === 'aarch64' && accelerator === 'kvm' ? ',gic-version=host' : '';
  const cpu = accelerator === 'kvm' ? 'host' : emulated[architecture];
  return ['-machine', `${board}${gic}`, '-accel', accelerator, '-cpu', cpu];
}

const kernelWordsOf = ({ architecture, accelerator }: MachineShape): string =>
  [QUICK, ...(accelerator === 'tcg' ? [emulatedWords[architecture]] : [])].join(' ').trim();

/** Started directly: there is no boot loader in the image. A kernel that panics restarts, which `-no-reboot` makes an end. */
function kernel(architecture: Architecture, { kernel: image, initrd }: KernelFiles, more: string): string[] {
  const line = `${kernelWords[architecture]} quiet panic=-1 ${more}`;
  return ['-kernel', image, '-initrd', initrd, '-append', line];
}

/** Used once: no write is worth a flush. When the disk of the host is full, the machine is stopped, which is an event. */
function disk(): string[] {
  const options = 'if=none,id=disk,format=qcow2,cache=unsafe,discard=unmap,werror=stop,rerror=stop';
  return ['-drive', `file=${CLONE_FILES.disk},${options}`, '-device', 'virtio-blk-pci,drive=disk'];
}

/** The host chooses a free port for SSH, and QMP says which. `restrict`: the guest reaches nothing by itself. */
function network(guestNetwork: GuestNetwork): string[] {
  const restrict = guestNetwork === 'none' ? 'on' : 'off';
  return [
    ...['-netdev', `user,id=net,ipv6=off,restrict=${restrict},hostfwd=tcp:127.0.0.1:0-:22`],
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
  ];
}

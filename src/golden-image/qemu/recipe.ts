import type { GoldenImage } from '../../domain/golden-image.ts';
import { ShipError } from '../../errors.ts';

export type Architecture = GoldenImage['architecture'];

/** Of Debian; what the image was tried with. */
export const DEFAULT_SUITE = 'bookworm';

/** What decides how an image is made; the rest is in `guest/` and `hooks/`. */
export interface Recipe {
  readonly architecture: Architecture;
  readonly suite: string;
}

/** Nothing in an image is newer than this day, 2026-01-01, in seconds since 1970: two builds give the same bytes. */
export const RECIPE_EPOCH = 1_767_225_600;

/** Beside the essential packages of Debian. rcodesign may need libgcc. */
export const PACKAGES = ['openssh-server', 'busybox-static', 'libgcc-s1'] as const;

/** Nobody reads in a machine. */
export const EXCLUDED_PATHS = ['doc', 'doc-base', 'man', 'locale', 'info', 'lintian'].map(
  (name) => `/usr/share/${name}/*`,
);

/** As Node calls it in `process.arch`. */
const architectures: Readonly<Record<string, Architecture>> = { x64: 'x86_64', arm64: 'aarch64' };

/** @throws ShipError IMAGE_BUILD_FAILED where Debian has no kernel for such machines, or the tools of a build do not run */
export function recipeFor(
  suite = DEFAULT_SUITE,
  arch: string = process.arch,
  platform: string = process.platform,
): Recipe {
  if (platform !== 'linux') throw notLinux(platform);
  const architecture = architectures[arch];
  if (architecture) return { architecture, suite: soundSuite(suite) };
  throw new ShipError('IMAGE_BUILD_FAILED', {
    summary: 'An image for QEMU cannot be built for this processor.',
    reason: `It is called ${arch}; images are made for x64 and arm64.`,
    nextStep: 'Build it, and run the daemon, on a host with another processor.',
  });
}

const notLinux = (platform: string): ShipError =>
  new ShipError('IMAGE_BUILD_FAILED', {
    summary: 'An image for QEMU cannot be built on this system.',
    reason: `It is called ${platform}; Debian is installed by programs that run on Linux alone.`,
    nextStep:
      platform === 'darwin'
        ? 'On a Mac build one for Tart, with "--driver tart"; one for QEMU is built on the Linux host that uses it.'
        : 'Build it on the Linux host that uses it.',
  });

function soundSuite(suite: string): string {
  if (/^[a-z][a-z0-9.-]{0,30}$/.test(suite)) return suite;
  throw new ShipError('COMMAND_USAGE_WRONG', {
    summary: `${JSON.stringify(suite)} is no release of Debian.`,
    reason: 'A release has a name of small letters, digits, dots and dashes.',
    nextStep: `Use --suite ${DEFAULT_SUITE}, or leave it out.`,
  });
}

/** A package that depends on the newest kernel for virtual machines. */
export const kernelPackage: Readonly<Record<Architecture, string>> = {
  x86_64: 'linux-image-cloud-amd64',
  aarch64: 'linux-image-cloud-arm64',
};

/** Debian's own name of the architecture. */
export const debianArchitecture: Readonly<Record<Architecture, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
};

/** In the order in which they are loaded; virtio_ring before virtio, which uses it. What the kernel has built in is left out. */
const DEVICES = [
  ...['virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci'],
  ...['virtio_blk', 'failover', 'net_failover', 'virtio_net', 'virtio-rng', 'qemu_fw_cfg', 'evdev'],
];

/** The power button is a part of ACPI on one architecture, and a line of a GPIO chip on the other. */
export const kernelModules: Readonly<Record<Architecture, readonly string[]>> = {
  x86_64: [...DEVICES, 'button'],
  aarch64: [...DEVICES, 'gpio-pl061', 'gpio_keys', 'rtc-pl031'],
};

/** Of the file system, the same in all images: the disk of a machine is never beside that of another one. */
export const FILE_SYSTEM_ID = '5b0d3c6e-6f2a-4c0e-9a51-70657272792d';

/** Blocks of 4096 bytes, which is 512 MiB: what is installed takes up less than half of it. */
export const SMALL_DISK_BLOCKS = 131_072;
export const SMALL_DISK_INODES = 16_384;

/**
 * What the disk grows to: room for the largest bundle, several times. It takes up what is written to it; but each GiB adds
 * 20 ms to the boot of an emulated machine, which looks at each group of blocks.
 */
export const DISK_SIZE = '16G';

/** Where each file of `guest/` goes, on the disk. `finish.sh` makes programs of those that are. */
export const guestFiles = [
  ['perry-init', '/usr/sbin/perry-init'],
  ['perry_sshd_config', '/etc/ssh/perry_sshd_config'],
  ['power-button', '/etc/acpi/PWRF/00000080'],
  ['sysctl.conf', '/etc/sysctl.conf'],
  ['hostname', '/etc/hostname'],
  ['hosts', '/etc/hosts'],
] as const;

/** Also in `guest/`; goes into the initial file system. */
export const INITRD_INIT = 'initrd-init';

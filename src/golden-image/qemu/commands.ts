import { join } from 'node:path';
import { versionLine } from '../../adapters/rcodesign/release.ts';
import { shellWord } from '../../text.ts';
import {
  DISK_SIZE,
  EXCLUDED_PATHS,
  FILE_SYSTEM_ID,
  guestFiles,
  kernelModules,
  kernelPackage,
  PACKAGES,
  RECIPE_EPOCH,
  type Recipe,
  SMALL_DISK_BLOCKS,
  SMALL_DISK_INODES,
} from './recipe.ts';

/** One program that is run for an image. */
export interface BuildCommand {
  /** What it is good for, for a person who waits. */
  readonly purpose: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Beside PATH, HOME and what leads to the archive of packages. */
  readonly env: Readonly<Record<string, string>>;
  /** e2fsck ends with 1 when it has corrected something, which is what it is called for. */
  readonly goodExitCodes: readonly number[];
}

/** Absolute paths. */
export interface BuildPlaces {
  /** Gone in the end. */
  readonly work: string;
  readonly guest: string;
  /** Packages that were downloaded before. */
  readonly packages: string;
  /** The program. */
  readonly rcodesign: string;
}

/** The shell scripts that mmdebstrap runs; given as text, because its user may not be able to read our folder. */
export interface HookScripts {
  readonly kernel: string;
  readonly finish: string;
}

export interface BuildRequest {
  readonly recipe: Recipe;
  readonly places: BuildPlaces;
  readonly hooks: HookScripts;
  readonly mirror?: string | undefined;
}

/** What the commands leave in the work folder. */
export const WORK_FILES = {
  tar: 'root.tar',
  fileSystem: 'disk.ext4',
  disk: 'disk.qcow2',
  busybox: 'busybox',
  initrd: 'initrd.gz',
  packages: 'dpkg-status',
  /** Folder: packages as they were downloaded. */
  archives: 'archives',
  /** Folder: `vmlinuz`, `release`, `package`, `modules/NN-NAME.ko`. */
  kernel: 'kernel',
} as const;

/** Everything that is run for an image, in order; the initial file system is written by ourselves. */
export const buildCommands = (request: BuildRequest): BuildCommand[] => [
  installCommand(request),
  ...diskCommands(request.places.work),
];

const PREPARED = { env: {}, goodExitCodes: [0] } as const;
const ARCHIVES = '/var/cache/apt/archives';

/** As root or as an ordinary user, whichever we are; mmdebstrap finds the way that this host allows. */
export function installCommand({ recipe, places, hooks, mirror }: BuildRequest): BuildCommand {
  const work = (name: string) => join(places.work, name);
  return {
    ...PREPARED,
    purpose: `installing Debian ${recipe.suite}`,
    file: 'mmdebstrap',
    env: { SOURCE_DATE_EPOCH: `${RECIPE_EPOCH}` },
    args: [
      ...['--mode=auto', '--variant=essential', '--format=tar', `--include=${PACKAGES.join(',')}`],
      ...EXCLUDED_PATHS.map((path) => `--dpkgopt=path-exclude=${path}`),
      ...['--aptopt=Acquire::Languages "none"', '--aptopt=Acquire::Retries "3"'],
      // packages stay, for the next time
      ...['--skip=download/empty', '--skip=essential/unlink'],
      `--setup-hook=mkdir -p "$1"${ARCHIVES}`,
      `--setup-hook=sync-in ${shellWord(places.packages)} ${ARCHIVES}`,
      `--customize-hook=${kernelHook(recipe, hooks)}`,
      `--customize-hook=sync-out ${ARCHIVES} ${shellWord(places.packages)}`,
      `--customize-hook=copy-out /perry-kernel/kernel ${shellWord(places.work)}`,
      `--customize-hook=download /bin/busybox ${shellWord(work(WORK_FILES.busybox))}`,
      `--customize-hook=download /var/lib/dpkg/status ${shellWord(work(WORK_FILES.packages))}`,
      '--customize-hook=mkdir -p "$1"/etc/acpi/PWRF',
      ...guestFiles.map(
        ([name, to]) => `--customize-hook=upload ${shellWord(join(places.guest, name))} ${to}`,
      ),
      `--customize-hook=upload ${shellWord(places.rcodesign)} /usr/local/bin/rcodesign`,
      `--customize-hook=rcodesign='${versionLine}' built=${RECIPE_EPOCH}\n${hooks.finish}`,
      ...[recipe.suite, work(WORK_FILES.tar), ...sources(recipe, mirror)],
    ],
  };
}

const kernelHook = ({ architecture }: Recipe, { kernel }: HookScripts): string =>
  `kernel=${kernelPackage[architecture]} modules='${kernelModules[architecture].join(' ')}'\n${kernel}`;

/** Without a mirror, mmdebstrap takes Debian's own archive, its updates and its security updates. */
function sources({ suite }: Recipe, mirror: string | undefined): string[] {
  if (mirror === undefined) return [];
  const archive = mirror.replace(/\/$/, '');
  return [
    `deb ${archive} ${suite} main`,
    `deb ${archive} ${suite}-updates main`,
    `deb ${archive}-security ${suite}-security main`,
  ];
}

/** One file system without a partition table and without a journal: the machine is never started twice. */
export function diskCommands(work: string): BuildCommand[] {
  const [tar, disk] = [join(work, WORK_FILES.tar), join(work, WORK_FILES.fileSystem)];
  const tool = (file: string, ...args: string[]): BuildCommand => ({
    ...PREPARED,
    purpose: 'making the disk',
    file,
    args,
    env: {
      SOURCE_DATE_EPOCH: `${RECIPE_EPOCH}`,
      E2FSPROGS_FAKE_TIME: `${RECIPE_EPOCH}`,
      E2FSCK_TIME: `${RECIPE_EPOCH}`,
    },
  });
  const check = { ...tool('e2fsck', '-f', '-y', disk), goodExitCodes: [0, 1] };
  const size = ['-B', '4096', '-b', `${SMALL_DISK_BLOCKS}`, '-N', `${SMALL_DISK_INODES}`];
  return [
    tool('genext2fs', '-a', tar, ...size, disk),
    tool(
      'tune2fs',
      '-O',
      'extents,dir_index,uninit_bg',
      '-m',
      '0',
      '-c',
      '0',
      '-i',
      '0',
      '-U',
      FILE_SYSTEM_ID,
      disk,
    ),
    // before anything is sorted by it; tune2fs has made up one
    tool('debugfs', '-w', '-R', `set_super_value hash_seed ${FILE_SYSTEM_ID}`, disk),
    check,
    tool('truncate', '--size', DISK_SIZE, disk),
    tool('resize2fs', disk),
    { ...check, goodExitCodes: [0] },
    compression(disk, join(work, WORK_FILES.disk), tool),
  ];
}

const compression = (from: string, to: string, tool: (file: string, ...args: string[]) => BuildCommand) => ({
  ...tool('qemu-img', 'convert', '-c', '-f', 'raw', '-O', 'qcow2', '-o', 'compression_type=zstd', from, to),
  purpose: 'compressing the disk',
});

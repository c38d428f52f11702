import * as z from 'zod';
import { vmDrivers } from './vm-driver.ts';

/** Name of the file in the folder of a golden image that says what the image is. */
export const IMAGE_FACTS_FILE = 'image.json';

/** Far more than the list of packages of any image. */
export const MAX_FACTS_BYTES = 1024 * 1024;

/** A folder name and nothing more: no separators, no leading dot, no option of a command. */
export const GOLDEN_IMAGE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** In advice, how an image is made that is not there; its name must be legal. */
export const buildCommand = (image: string): string =>
  image === vmDrivers.qemu.defaultImage ? 'perry-ship image build' : `perry-ship image build ${image}`;

/** In advice, how an image is replaced by a new one; its name must be legal. */
export const rebuildCommand = (image: string): string => `perry-ship image build --force ${image}`;

/** Versions, also of macOS, releases of Debian, names of packages (deb-version(7), deb-control(5)), `uname -r`: nothing that steers a terminal. */
export const imageFactWord = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9.+~:_-]*$/);

const imageFile = z.strictObject({
  /** In the folder of the image, no path. */
  name: z.string().regex(GOLDEN_IMAGE_NAME),
  sizeBytes: z.int().positive(),
  sha256Hex: z.string().regex(/^[0-9a-f]{64}$/),
});

/** What `image.json` of an image for QEMU holds: what it was made of, and what its files must be. */
export const goldenImageSchema = z.strictObject({
  format: z.literal(1),
  driver: z.literal('qemu'),
  architecture: z.enum(['x86_64', 'aarch64']),
  /** ISO 8601. */
  builtAt: z.iso.datetime(),
  /** Version of perry-ship that built it. */
  builtBy: imageFactWord,
  /** Digest of all that decides what an image becomes; images of one recipe differ in the versions of packages alone. */
  recipeSha256Hex: z.string().regex(/^[0-9a-f]{64}$/),
  /** Release of Debian, e.g. `bookworm`. */
  suite: imageFactWord,
  /** As `uname -r` says in the machine. */
  kernelRelease: imageFactWord,
  rcodesign: z.strictObject({ version: imageFactWord, sha256Hex: z.string().regex(/^[0-9a-f]{64}$/) }),
  /** Name and version of each package of Debian. */
  packages: z.record(imageFactWord, imageFactWord),
  files: z.strictObject({
    /** qcow2; its only file system is ext4, without a partition table. */
    disk: imageFile,
    kernel: imageFile,
    /** gzip, cpio. */
    initrd: imageFile,
  }),
});

export type GoldenImage = z.infer<typeof goldenImageSchema>;

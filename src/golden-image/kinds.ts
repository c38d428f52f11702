import type { Config } from '../config/load.ts';

/** Drivers whose golden images are made here. */
export const imageKinds = ['qemu', 'tart'] as const;
export type ImageKind = (typeof imageKinds)[number];

/** What a maker of images is made from. */
export interface ImageHost {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
}

/** What a person asks for. A maker refuses what has no meaning for its kind with COMMAND_USAGE_WRONG. */
export interface ImageWish {
  readonly name: string;
  /** Take the place of an image of that name. */
  readonly force: boolean;
  /** qemu: release of Debian, e.g. `bookworm`. */
  readonly suite?: string;
  /** qemu: address of the archive that packages come from. */
  readonly mirror?: string;
  /** tart: a stopped machine, or an image of a registry, that it is made from. */
  readonly from?: string;
  /** tart: file with Xcode as Apple delivers it, `.xip`. */
  readonly xcode?: string;
}

export interface ImageCallOptions {
  readonly signal: AbortSignal;
}

export interface ImageBuildOptions extends ImageCallOptions {
  /** Lines for a person who waits. */
  readonly onProgress: (line: string) => void;
}

/** One golden image, as `image list` shows it. */
export interface ImageEntry {
  readonly name: string;
  readonly driver: ImageKind;
  /** On the disk of this host. */
  readonly sizeBytes: number;
  /** ISO 8601; left out where it is not recorded. */
  readonly builtAt?: string;
  /** What else is known, in the order in which it is shown, e.g. `suite`, `kernel`. */
  readonly facts: Readonly<Record<string, string>>;
  /** What is wrong with it, as a sentence; left out when it can be used. */
  readonly fault?: string;
}

export interface BuiltImage extends ImageEntry {
  /** Settings that the image needs, `PERRY_…=value`. */
  readonly settings: readonly string[];
}

/** How golden images of one kind are made and kept. Every call rejects with the reason of its signal. */
export interface ImageMaker {
  /** Name of an image when none is given. */
  readonly defaultName: string;
  /** Every command that `build` would run, in order, as one types it into a shell. Changes nothing. */
  plan(wish: ImageWish, options: ImageCallOptions): Promise<readonly string[]>;
  /** The image is there whole in the end, or not at all. @throws ShipError */
  build(wish: ImageWish, options: ImageBuildOptions): Promise<BuiltImage>;
  list(options: ImageCallOptions): Promise<readonly ImageEntry[]>;
  /** @throws ShipError VM_IMAGE_MISSING · IMAGE_IN_USE while machines made from it exist */
  remove(name: string, options: ImageCallOptions): Promise<void>;
}

import { type ImageHost, type ImageKind, type ImageMaker, imageKinds } from './kinds.ts';
import { createQemuMaker } from './qemu/maker.ts';
import { createTartMaker } from './tart/maker.ts';

const makers: Readonly<Record<ImageKind, (host: ImageHost) => ImageMaker>> = {
  qemu: createQemuMaker,
  tart: createTartMaker,
};

const isKind = (name: string): name is ImageKind => imageKinds.some((kind) => kind === name);

/** The kind that was asked for, else that of the configured driver, else the one whose machines run on this system. */
export function imageKindOf({ config }: ImageHost, asked?: ImageKind): ImageKind {
  if (asked !== undefined) return asked;
  if (isKind(config.vmDriver)) return config.vmDriver;
  return process.platform === 'darwin' ? 'tart' : 'qemu';
}

export const imageMaker = (host: ImageHost, kind: ImageKind): ImageMaker => makers[kind](host);

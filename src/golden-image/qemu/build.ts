import { textsOf } from '../../../machines/contracts/wording.ts';
import type { qemuImageBuildLimits } from '../../../machines/qemu-image-build/limits.ts';
import type { QemuImageBuildPhase } from '../../../machines/qemu-image-build/machine.ts';
import { runQemuImageBuild } from '../../actors/qemu-image-build.ts';
import { type FailureCode, ShipError } from '../../errors.ts';
import type { ImageBuildOptions, ImageHost, ImageWish } from '../kinds.ts';
import { effectsOf } from './effects.ts';
import type { Recipe } from './recipe.ts';

/** What tests set; the built-in deadlines otherwise. */
export type QemuBuildLimits = Partial<Record<keyof typeof qemuImageBuildLimits, number>>;

/**
 * Builds one image, by the chart qemu-image-build. It is there whole in the end, or what was there before is.
 *
 * @throws ShipError why there is no image · the signal's reason when aborted
 */
export async function buildQemuImage(
  recipe: Recipe,
  host: ImageHost,
  wish: ImageWish,
  { signal, onProgress, limits = {} }: ImageBuildOptions & { readonly limits?: QemuBuildLimits },
): Promise<void> {
  const { outcome, failure, isTidy } = await runQemuImageBuild({
    effects: effectsOf({ ...host, recipe, wish, onProgress }),
    ...{ signal, limits },
    onPhase: (phase) => onProgress(PHASES[phase](recipe)),
  });
  if (!isTidy) onProgress('note: files of this build are left; the next build of the same name removes them');
  if (outcome === 'cancelled') throw signal.reason;
  if (outcome === 'failed' && failure) throw new ShipError(failure.code as FailureCode, textsOf(failure));
}

const PHASES: Readonly<Record<QemuImageBuildPhase, (recipe: Recipe) => string>> = {
  surveying: () => 'looking at this host',
  obtainingRcodesign: () => 'obtaining rcodesign',
  installing: ({ suite }) => `installing Debian ${suite} (mmdebstrap)`,
  makingDisk: () => 'making the disk',
  compressing: () => 'compressing the disk',
  packing: () => 'packing the initial file system',
  describing: () => 'describing the image',
  placing: () => 'putting it in place',
  clearing: () => 'removing what was made on the way',
};

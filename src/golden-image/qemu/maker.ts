import { vmDrivers } from '../../domain/vm-driver.ts';
import { ShipError } from '../../errors.ts';
import type { ImageHost, ImageMaker } from '../kinds.ts';

/** Golden images for QEMU: a small Debian that has sshd and rcodesign, built without a Mac and without root. */
export const createQemuMaker = (_host: ImageHost): ImageMaker => ({
  defaultName: vmDrivers.tart.defaultImage,
  plan: notBuilt,
  build: notBuilt,
  list: async () => [],
  remove: notBuilt,
});

const notBuilt = async (): Promise<never> => {
  throw new ShipError('IMAGE_BUILD_FAILED', {
    summary: 'Images for QEMU cannot be built yet.',
    reason: 'This version does not have it.',
    nextStep: 'Install a newer version of perry-ship.',
  });
};

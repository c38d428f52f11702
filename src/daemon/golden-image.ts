import { join } from 'node:path';
import { localImagesDir } from '../adapters/vm/local/driver.ts';
import type { Config } from '../config/load.ts';
import { vmDrivers } from '../domain/vm-driver.ts';
import { makeFolder } from '../files/disk/make-folder.ts';

export const imageName = ({ vmDriver, tartImage }: Config): string =>
  tartImage ?? vmDrivers[vmDriver].defaultImage;

/** Name of the golden image; the `local` driver gets an empty template of its own when none is configured. */
export async function goldenImage(config: Config): Promise<string> {
  const name = imageName(config);
  if (config.vmDriver === 'local' && name === vmDrivers.local.defaultImage)
    await makeFolder(join(localImagesDir(config.stateDir), name, 'home'), 0o700);
  return name;
}

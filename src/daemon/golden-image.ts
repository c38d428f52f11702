import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { localImagesDir } from '../adapters/vm/local/driver.ts';
import type { Config } from '../config/load.ts';

const LOCAL_TEMPLATE = 'template';
const TART_IMAGE = 'perry-ship-golden';

export const imageName = ({ vmDriver, tartImage }: Config): string =>
  tartImage ?? (vmDriver === 'local' ? LOCAL_TEMPLATE : TART_IMAGE);

/** Name of the golden image; the `local` driver gets an empty template of its own when none is configured. */
export async function goldenImage(config: Config): Promise<string> {
  const name = imageName(config);
  if (config.vmDriver === 'local' && name === LOCAL_TEMPLATE)
    await mkdir(join(localImagesDir(config.stateDir), name, 'home'), { recursive: true, mode: 0o700 });
  return name;
}

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { localImagesDir } from '../adapters/vm/local/driver.ts';
import type { Config } from '../config/load.ts';

const LOCAL_TEMPLATE = 'template';
const TART_IMAGE = 'perry-ship-golden';

/** Name of the golden image; the `local` driver gets an empty template of its own when none is configured. */
export async function goldenImage({ vmDriver, tartImage, stateDir }: Config): Promise<string> {
  if (tartImage !== undefined) return tartImage;
  if (vmDriver !== 'local') return TART_IMAGE;
  await mkdir(join(localImagesDir(stateDir), LOCAL_TEMPLATE, 'home'), { recursive: true, mode: 0o700 });
  return LOCAL_TEMPLATE;
}

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { IMAGE_FACTS_FILE } from '../domain/golden-image.ts';
import { vmDrivers } from '../domain/vm-driver.ts';

/** By `process.arch`. */
const programs: Readonly<Record<string, string>> = {
  x64: 'qemu-system-x86_64',
  arm64: 'qemu-system-aarch64',
};

/** Whether real machines can be had here without another setting: QEMU is installed, and the golden image is built. */
export function hasQemu(
  env: NodeJS.ProcessEnv,
  imageDir: string,
  image: string = vmDrivers.qemu.defaultImage,
): boolean {
  const program = programs[process.arch];
  if (program === undefined || !isThere(join(imageDir, image, IMAGE_FACTS_FILE))) return false;
  return [program, 'qemu-img'].every((name) => isOnPath(env, name));
}

const isOnPath = ({ PATH = '' }: NodeJS.ProcessEnv, name: string): boolean =>
  PATH.split(delimiter).some((folder) => folder !== '' && isThere(join(folder, name), constants.X_OK));

function isThere(path: string, mode: number = constants.R_OK): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

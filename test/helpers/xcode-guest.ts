import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeEmptyImage } from '../../src/adapters/vm/local/clone.ts';
import { localImagesDir } from '../../src/adapters/vm/local/driver.ts';
import { bootVm, type LocalVm, localHost } from './local-vm.ts';
import { rcodesignPath } from './rcodesign-fixtures.ts';

const EMULATOR = fileURLToPath(new URL('../apple-tools-emulator', import.meta.url));
const CONFIGURATION = 'apple-tools.conf';

/** What the emulated tools are to do wrong; the head of each program in `apple-tools-emulator` names its own. */
export type Knobs = Readonly<Record<string, string | number>>;

/** A program and its words. */
export type ToolCall = readonly string[];

export interface XcodeImage {
  /** The folder of the golden image. */
  readonly imageDir: string;
  /** For machines that are cloned from now on. */
  setKnobs(knobs: Knobs): Promise<void>;
  /** Of all machines cloned from the image, in their order, without `uname`. */
  calls(): Promise<readonly ToolCall[]>;
}

/**
 * A golden image of the local driver whose guests find Apple's tools (as emulators) on their PATH:
 *
 *     PERRY_VM_DRIVER=local PERRY_STATE_DIR=<stateDir> PERRY_TART_IMAGE=<name>
 */
export async function makeXcodeImage(
  stateDir: string,
  name = 'xcode',
  knobs: Knobs = {},
): Promise<XcodeImage> {
  await makeEmptyImage(localImagesDir(stateDir), name);
  const imageDir = join(localImagesDir(stateDir), name);
  for (const folder of ['bin', 'developer']) await linkPrograms(folder, join(imageDir, folder));
  const callsFile = callsFileOf(imageDir);
  const setKnobs = (wanted: Knobs): Promise<void> => writeKnobs(imageDir, callsFile, wanted);
  await setKnobs(knobs);
  return { imageDir, setKnobs, calls: () => readCalls(callsFile) };
}

/** Outside the clones, which are gone when a test looks. */
const callsFileOf = (imageDir: string): string => join(imageDir, 'apple-tools.calls');

async function linkPrograms(folder: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const program of await readdir(join(EMULATOR, folder))) {
    await symlink(join(EMULATOR, folder, program), join(to, program));
  }
}

async function writeKnobs(dir: string, callsFile: string, knobs: Knobs): Promise<void> {
  const lines = Object.entries({ node: process.execPath, calls: callsFile, ...knobs });
  await writeFile(join(dir, CONFIGURATION), lines.map(([name, value]) => `${name}=${value}\n`).join(''));
}

async function readCalls(file: string): Promise<ToolCall[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')]));
}

export interface XcodeGuest extends LocalVm {
  /** Replaces all knobs, and forgets calls and counts. */
  setKnobs(knobs: Knobs): Promise<void>;
  calls(): Promise<readonly ToolCall[]>;
  /** Ends the machine and removes everything. */
  remove(): Promise<void>;
}

/** One machine of that image, booted and connected. */
export async function bootXcodeGuest(): Promise<XcodeGuest> {
  const host = await localHost([dirname(rcodesignPath)]);
  const image = await makeXcodeImage(host.stateDir, 'golden');
  const vm = await bootVm(host);
  const callsFile = callsFileOf(image.imageDir);
  return {
    ...vm,
    calls: image.calls,
    setKnobs: async (knobs) => {
      await writeKnobs(vm.cloneDir, callsFile, knobs);
      await rm(callsFile, { force: true });
      for (const name of await readdir(vm.cloneDir))
        if (name.startsWith('apple-tools.count.')) await rm(join(vm.cloneDir, name));
    },
    remove: async () => {
      await vm.session.close();
      await vm.delete();
      await host.remove();
    },
  };
}

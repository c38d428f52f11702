import { withEnvFile } from '../config/env-file.ts';
import { loadConfig } from '../config/load.ts';
import type { Answer } from '../doctor/check.ts';
import { GOLDEN_IMAGE_NAME } from '../domain/golden-image.ts';
import type { VmDriverKind } from '../domain/vm-driver.ts';
import { ShipError } from '../errors.ts';
import { examineImage } from '../golden-image/check/examine-image.ts';
import {
  type ImageHost,
  type ImageKind,
  type ImageMaker,
  type ImageWish,
  imageKinds,
} from '../golden-image/kinds.ts';
import { imageKindOf, imageMaker } from '../golden-image/select.ts';
import { answerLine } from './answer-line.ts';
import { exitCodes } from './exit-codes.ts';
import { builtText, imageLine } from './image-text.ts';
import { interruptible } from './interruptible.ts';
import { printJson } from './print-json.ts';

export interface ImageFlags {
  readonly driver?: ImageKind;
  readonly envFile?: string;
  readonly json?: boolean;
}

export interface ImageBuildFlags extends ImageFlags, Omit<ImageWish, 'name' | 'force'> {
  readonly force?: true;
  readonly dryRun?: true;
  readonly quiet?: true;
}

/** Makes a golden image, or with `--dry-run` shows what would be run. */
export async function build(name: string | undefined, flags: ImageBuildFlags): Promise<void> {
  await withMaker(flags, async (maker, signal) => {
    const { driver: _driver, envFile: _file, json, force = false, dryRun, quiet, ...asked } = flags;
    const wish = { ...asked, name: nameOf(name ?? maker.defaultName), force };
    if (dryRun) return tellPlan(await maker.plan(wish, { signal }), json);
    const onProgress = (line: string) => quiet || console.error(line);
    const image = await maker.build(wish, { signal, onProgress });
    if (json) printJson({ ok: true, image });
    else print(builtText(image));
  });
}

function tellPlan(commands: readonly string[], json: boolean | undefined): void {
  if (json) printJson({ ok: true, commands });
  else print(commands.join('\n'));
}

/** The images of one driver, or of all: exit 0, also when one of them is damaged, which its line says. */
export async function list(flags: ImageFlags): Promise<void> {
  await withHost(flags, async (host, signal) => {
    const kinds = flags.driver ? [flags.driver] : imageKinds;
    const lists = await Promise.all(kinds.map((kind) => imageMaker(host, kind).list({ signal })));
    const images = lists.flat();
    if (flags.json) printJson({ ok: true, images });
    else print(images.length === 0 ? NONE : images.map(imageLine).join('\n'));
  });
}

const NONE = 'There is no golden image; "perry-ship image build" makes one.';

export interface ImageCheckFlags extends Omit<ImageFlags, 'driver'> {
  readonly driver?: VmDriverKind;
}

/** Boots a clone of the image, asks it what `doctor` would ask, and destroys it: exit 0, or 1 when no job could be done. */
export async function check(name: string | undefined, flags: ImageCheckFlags): Promise<void> {
  const { driver, json } = flags;
  const work = async ({ config, env }: ImageHost, signal: AbortSignal) => {
    const answers: Answer[] = [];
    const settings = { ...config, vmDriver: driver ?? config.vmDriver };
    const named = name === undefined ? settings : { ...settings, tartImage: nameOf(name) };
    const isGood = await examineImage({ config: named, env }, signal, (answer) => {
      answers.push(answer);
      if (!json) print(answerLine(answer));
    });
    if (json) printJson({ ok: isGood, answers });
    process.exitCode = isGood ? exitCodes.done : exitCodes.failed;
  };
  // where no image is, a daemon falls back to the driver `local`: who checks an image does not mean that
  const unset = process.platform === 'linux' ? { PERRY_VM_DRIVER: 'qemu' } : {};
  await withHost(flags, work, unset);
}

export async function remove(name: string, flags: ImageFlags): Promise<void> {
  await withMaker(flags, async (maker, signal) => {
    await maker.remove(nameOf(name), { signal });
    if (flags.json) printJson({ ok: true, name });
    else print(`The image "${name}" is removed.`);
  });
}

const withMaker = (flags: ImageFlags, work: (maker: ImageMaker, signal: AbortSignal) => Promise<void>) =>
  withHost(flags, (host, signal) => work(imageMaker(host, imageKindOf(host, flags.driver)), signal));

async function withHost(
  { envFile, json = false }: Pick<ImageFlags, 'envFile' | 'json'>,
  work: (host: ImageHost, signal: AbortSignal) => Promise<void>,
  unset: Readonly<Record<string, string>> = {},
): Promise<void> {
  await interruptible({ json }, async (signal) => {
    const given = await withEnvFile(process.env, envFile);
    const env = { ...unset, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value)) };
    await work({ config: loadConfig(env).config, env }, signal);
    process.exitCode ??= exitCodes.done;
  });
}

/** @throws ShipError COMMAND_USAGE_WRONG */
function nameOf(name: string): string {
  if (GOLDEN_IMAGE_NAME.test(name)) return name;
  throw new ShipError('COMMAND_USAGE_WRONG', {
    summary: `${JSON.stringify(name)} cannot be the name of an image.`,
    reason:
      'A name has letters, digits, dots, dashes and underscores, begins with a letter or digit, and has at most 100 characters.',
    nextStep: 'Choose another name.',
  });
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

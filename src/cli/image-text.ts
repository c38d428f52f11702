import type { BuiltImage, ImageEntry } from '../golden-image/kinds.ts';

const MB = 1e6;

/** `perry-ship-golden  qemu  83.2 MB  built 2026-11-29  suite bookworm`, and below it what is wrong. */
export function imageLine({ name, driver, sizeBytes, builtAt, facts, fault }: ImageEntry): string {
  const known = Object.entries(facts).map(([key, value]) => `${key} ${value}`);
  const built = builtAt === undefined ? [] : [`built ${builtAt.slice(0, 10)}`];
  const line = [name, driver, `${(sizeBytes / MB).toFixed(1)} MB`, ...built, ...known].join('  ');
  return fault === undefined ? line : `${line}\n        → ${fault}`;
}

/** What a person wants to know of an image that has just been made. */
export function builtText(image: BuiltImage): string {
  const settings = image.settings.map((setting) => `  ${setting}`);
  return [
    `The image "${image.name}" is ready.`,
    imageLine(image),
    ...(settings.length > 0 ? ['Start the daemon with:', ...settings] : []),
    `Try it: perry-ship image check ${image.name}`,
  ].join('\n');
}

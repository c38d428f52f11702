import { ShipError } from '../../../errors.ts';
import { APPEARANCE } from './attributes.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogIcon, IconPicture } from './icons.ts';
import { attempt } from './malformed.ts';
import { decodePixels, hasTransparency, type PixelBudget } from './pixels.ts';

/** Ten icons of 1024 pixels; one of 2048 in colors of 16 bits. */
const MAX_PIXEL_BYTES = 40 * 1024 * 1024;
const MAX_PROBLEMS = 20;

/** What may keep an app icon from being found or accepted, one sentence each. */
export function iconProblems(catalog: Catalog, icons: readonly CatalogIcon[]): string[] {
  const budget = { bytes: MAX_PIXEL_BYTES };
  return icons
    .filter(({ sizes, pictures }) => sizes.length + pictures.length > 0)
    .flatMap((icon) => {
      const name = `The app icon ${JSON.stringify(icon.name.slice(0, 100))}`;
      const odd = [...sizeProblems(icon, isThinned(catalog)), ...pixelProblems(catalog, icon, budget)];
      return odd.map((rest) => `${name} ${rest}`);
    })
    .slice(0, MAX_PROBLEMS);
}

/** The App Store makes copies for one kind of device each, and leaves the list of sizes as it was. */
const isThinned = ({ metadata }: Catalog): boolean => (metadata?.thinningArguments ?? '') !== '';

function sizeProblems({ sizes, pictures, layered }: CatalogIcon, mayLackPictures: boolean): string[] {
  if (sizes.length === 0) return ['has no list of its sizes, so that the system does not find it.'];
  const problems = sizes.flatMap(({ idiom, fault }) =>
    fault === undefined ? [] : `has a list of its sizes (${idiom}) that cannot be read. ${fault}`,
  );
  for (const { idiom, subtype, sizes: listed } of sizes)
    for (const { width, height, index } of listed) {
      const found = pictures.filter((picture) => picture.idiom === idiom && picture.index === index);
      const what = `${width} by ${height} points (${idiom})`;
      if (found.length === 0 && subtype === 0 && !layered && !mayLackPictures)
        problems.push(`has no picture of ${what}, which its list names.`);
      for (const picture of found.filter((each) => !fits(each, width, height)))
        problems.push(
          `has a picture of ${picture.width} by ${picture.height} pixels for ${what} at ${picture.scale}x.`,
        );
    }
  return problems;
}

/** 83.5 points are written as 83. */
const fits = ({ width, height, scale }: IconPicture, columns: number, rows: number): boolean =>
  width >= columns * scale &&
  width < (columns + 1) * scale &&
  height >= rows * scale &&
  height < (rows + 1) * scale;

/** The App Store refuses an icon with transparent pixels (ITMS-90717); dark and tinted ones have them. */
function pixelProblems(catalog: Catalog, { pictures }: CatalogIcon, budget: PixelBudget): string[] {
  const isForIos = catalog.metadata?.platform === 'ios';
  const problems: string[] = [];
  for (const picture of pictures.toSorted((left, right) => right.width - left.width)) {
    if (sizeOf(picture) > budget.bytes) continue;
    const pixels = attempt(() => decodePixels(catalog.store, picture.rendition, budget));
    const what = `a picture of ${picture.width} by ${picture.height} pixels`;
    if (pixels instanceof ShipError)
      problems.push(`has ${what} that cannot be read. ${pixels.failure.reason}`);
    else if (isForIos && isUsual(picture) && typeof pixels === 'object' && hasTransparency(pixels))
      problems.push(`has ${what} with transparent pixels, which the App Store refuses for iOS.`);
  }
  return problems;
}

const sizeOf = ({ width, height }: IconPicture): number => (width + 32) * height * 8;

const isUsual = ({ rendition }: IconPicture): boolean => (rendition.key.get(APPEARANCE) ?? 0) === 0;

import { shown } from '../domain/bundle/shown.ts';
import { ICON_VARIANTS, iconNameOf, variantPaths, variantSourceNames } from '../domain/icons/index.ts';
import type { PlistDict } from '../formats/plist/index.ts';
import { capitalized } from '../text.ts';
import { type Finding, finding } from './finding.ts';
import type { Context } from './input.ts';

const STORE_PIXELS = 1024;
/** 512 points at 1x and 2x (ITMS-90236). */
const STORE_ICNS = ['ic09', 'ic10'];

/** ITMS-90713, 90717, 90022, 90236: an icon that a store build can be made with. What is in a catalog: `asset-catalogs.ts`. */
export const iconFindings = (context: Context): Finding[] =>
  context.survey.info
    ? [...picture(context, context.survey.info), ...transparent(context), ...variants(context)]
    : [];

/** ITMS-90717. Icons that are drawn here lose it; those of a catalog were made by somebody else. */
function transparent({ survey, platform, toStore }: Context): Finding[] {
  if (platform !== 'ios' || !toStore) return [];
  return survey.pictures
    .filter(({ hasAlpha }) => hasAlpha)
    .map(({ path }) =>
      finding('ICON_TRANSPARENT', 'warning', {
        summary: `The icon ${shown(path)} has an alpha channel, and the App Store takes none that has.`,
        reason: survey.hasAssetsCar
          ? 'What was compiled into Assets.car from such a picture is refused (ITMS-90717).'
          : 'What is transparent in it becomes white in the icons that are drawn from it.',
        nextStep: 'Save the picture without transparency (PNG, RGB), and build again.',
      }),
    );
}

/** Told as a warning: the app has its icon without them. */
function variants({ survey: { layout, files }, wishes: { iconVariants = {} } }: Context): Finding[] {
  const named = ICON_VARIANTS.flatMap((variant) => {
    const path = iconVariants[variant];
    return path === undefined ? [] : [{ variant, path }];
  });
  return named
    .filter(
      ({ variant, path }) =>
        !variantPaths(layout?.resources ?? '', variant, path).some((at) => files.has(at)),
    )
    .map(({ variant, path }) =>
      finding('ICON_VARIANT_MISSING', 'warning', {
        summary: `The ${variant} icon ${shown(path)} is not in the bundle.`,
        reason: `It is looked for under that path, and as ${variantSourceNames(variant).join(' or ')}.`,
        nextStep: `Put the picture there, or leave icon_${variant} out, and build again.`,
      }),
    );
}

function picture(context: Context, info: PlistDict): Finding[] {
  const { survey, platform } = context;
  if (platform === 'ios' && survey.hasAssetsCar)
    return survey.catalogFaults.some(hidesIcon) ? [] : catalogName(context, info);
  if (platform === 'macos' && hasStoreIcns(context)) return [];
  if (survey.pictures.length === 0) return context.toStore ? [missing(context)] : [];
  const usable = survey.pictures.filter(({ fault }) => fault === undefined);
  if (usable.some(isFull)) return [];
  return [...usable, ...survey.pictures].slice(0, 1).flatMap((first) => pictureFindings(context, first));
}

/** Then a name that is missing is not the first thing to mend. */
const hidesIcon = ({ isOfApp, what }: Context['survey']['catalogFaults'][number]): boolean =>
  isOfApp && what !== 'icon transparent' && what !== 'icon too small';

type Picture = Context['survey']['pictures'][number];

const hasStoreIcns = ({ survey: { icnsTypes }, toStore }: Context): boolean =>
  icnsTypes !== undefined && (!toStore || STORE_ICNS.every((type) => icnsTypes.includes(type)));

const isFull = ({ size }: Picture): boolean =>
  size !== undefined && size.width === size.height && size.width >= STORE_PIXELS;

function pictureFindings({ inStore }: Context, { path, size, fault }: Picture): Finding[] {
  const nextStep = `Give the app an icon of ${STORE_PIXELS} by ${STORE_PIXELS} pixels as PNG, and build again.`;
  if (!size || fault !== undefined)
    return [
      finding('ICON_UNREADABLE', inStore, {
        summary: `${shown(path)} cannot be read as a PNG picture.`,
        reason: fault === undefined ? 'It does not begin as a PNG file does.' : capitalized(`${fault}.`),
        nextStep,
      }),
    ];
  const reason = `Every size of the icon is drawn from a square picture of ${STORE_PIXELS} pixels.`;
  const summary = `The icon ${shown(path)} has ${size.width} × ${size.height} pixels`;
  return [
    ...(size.width === size.height
      ? []
      : [
          finding('ICON_NOT_SQUARE', inStore, { summary: `${summary} and is not square.`, reason, nextStep }),
        ]),
    ...(Math.min(size.width, size.height) >= STORE_PIXELS
      ? []
      : [finding('ICON_TOO_SMALL', inStore, { summary: `${summary}, and is too small.`, reason, nextStep })]),
  ];
}

function catalogName({ inStore, toStore }: Context, info: PlistDict): Finding[] {
  if (iconNameOf(info) !== undefined || !toStore) return [];
  return [
    finding('BUNDLE_INFO_KEY_MISSING', inStore, {
      summary: 'The Info.plist does not say which icon of the asset catalog is that of the app.',
      reason: 'The bundle has an Assets.car, and CFBundleIconName is missing.',
      nextStep: 'Set CFBundleIconName to the name of the icon set (usually "AppIcon"), and build again.',
    }),
  ];
}

const missing = ({ inStore, platform }: Context): Finding =>
  finding('ICON_MISSING', inStore, {
    summary: `The app has no icon of ${STORE_PIXELS} by ${STORE_PIXELS} pixels, which the App Store wants.`,
    reason:
      platform === 'ios'
        ? 'There is neither an Assets.car nor an Icon-1024.png in the bundle.'
        : 'There is neither a complete .icns, named by CFBundleIconFile, nor an AppIcon.png in Contents/Resources.',
    nextStep: 'Give the app an icon, and build again.',
  });

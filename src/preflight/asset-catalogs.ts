import type { CatalogFault } from '../domain/bundle/index.ts';
import { shown } from '../domain/bundle/shown.ts';
import { iconNameOf } from '../domain/icons/index.ts';
import { isDict, type PlistDict } from '../formats/plist/index.ts';
import { type Finding, finding } from './finding.ts';
import type { Context } from './input.ts';

/**
 * ITMS-90704, 90713, 90717: compiled asset catalogs that cannot be used. Those that an app brings stay as they are,
 * because nobody can add to a catalog what it was not compiled with: the App Store refuses them, and elsewhere the
 * app runs without what it takes from them.
 */
export const assetCatalogFindings = (context: Context): Finding[] =>
  context.survey.catalogFaults.flatMap((fault) =>
    fault.isOfApp ? ownFindings(context, fault) : [unreadableElsewhere(fault)],
  );

function ownFindings(context: Context, fault: CatalogFault): Finding[] {
  if (fault.what === 'empty') return [empty(context, fault)];
  if (fault.what === 'unreadable') return [unreadable(context, fault)];
  if (context.platform === 'macos' && (!context.survey.info || iconNameOf(context.survey.info) === undefined))
    return [];
  if (fault.what === 'icon unreadable') return [brokenPicture(context, fault)];
  if (context.platform === 'macos') return [];
  if (fault.what === 'icon missing') return [iconMissing(context)];
  if (!context.toStore) return [];
  return [fault.what === 'icon too small' ? tooSmall(context) : transparent()];
}

/** What holds its place until a later step of the build puts the catalog there: what comes before may be checked. */
const empty = (context: Context, { path }: CatalogFault): Finding =>
  finding('ASSET_CATALOG_MALFORMED', 'warning', {
    summary: `The asset catalog of the app (${shown(path)}) is an empty file.`,
    reason: context.toStore
      ? 'The App Store looks for the icon in it, and refuses an app whose icon it does not find there (ITMS-90704).'
      : `It is kept as it is: what the app takes from it is missing, and ${shownInstead(context)}.`,
    nextStep: compileAgain(context),
  });

const unreadable = (context: Context, { path, reason }: CatalogFault): Finding =>
  finding('ASSET_CATALOG_MALFORMED', context.inStore, {
    summary: `The asset catalog of the app (${shown(path)}) cannot be read.`,
    reason: context.toStore
      ? `${reason} The App Store looks into it, and refuses an app whose icon it does not find there.`
      : `${reason} It is kept as it is: what the app takes from it is missing, and ${shownInstead(context)}.`,
    nextStep: compileAgain(context),
  });

const unreadableElsewhere = ({ path, reason, what }: CatalogFault): Finding =>
  finding('ASSET_CATALOG_MALFORMED', 'warning', {
    summary: `The asset catalog ${shown(path)} cannot be read.`,
    reason: `${what === 'empty' ? 'It has no byte.' : reason} It is kept as it is: what is taken from it is missing when the app runs.`,
    nextStep: 'Compile that asset catalog again, and build again.',
  });

const brokenPicture = (context: Context, { path, reason }: CatalogFault): Finding =>
  finding('ASSET_CATALOG_MALFORMED', context.inStore, {
    summary: `The large picture of the app icon in ${shown(path)} cannot be read.`,
    reason: context.toStore
      ? `${reason} The App Store shows that picture, of 1024 by 1024 pixels.`
      : `${reason} It is kept as it is, and ${shownInstead(context)}.`,
    nextStep: compileAgain(context),
  });

/** ITMS-90704, 90713. */
const iconMissing = (context: Context): Finding =>
  finding('ICON_MISSING', context.inStore, {
    summary: `The asset catalog of the app (Assets.car) has no icon ${shown(nameOf(context))}.`,
    reason: context.toStore
      ? 'The App Store looks for the icon in the catalog, and nothing can be added to one that is compiled.'
      : `It is kept as it is, because nothing can be added to a compiled catalog: ${shownInstead(context)}, and the App Store would refuse the app (ITMS-90704).`,
    nextStep:
      'Compile the icon into the catalog, or build without Assets.car: one is then made of the icon (Icon-1024.png).',
  });

/** ITMS-90704. */
const tooSmall = (context: Context): Finding =>
  finding('ICON_TOO_SMALL', 'error', {
    summary: `The icon ${shown(nameOf(context))} in the asset catalog (Assets.car) has no picture of 1024 by 1024 pixels.`,
    reason:
      'The App Store looks for that picture in the catalog (ITMS-90704), and nothing can be added to one that is compiled.',
    nextStep: `Add a picture of 1024 by 1024 pixels to the icon set. ${compileAgain(context)}`,
  });

/** ITMS-90717. */
const transparent = (): Finding =>
  finding('ICON_TRANSPARENT', 'error', {
    summary: 'The large app icon in the asset catalog (Assets.car) has transparent pixels.',
    reason: 'The App Store takes no icon that has any (ITMS-90717).',
    nextStep: 'Save the picture without transparency (PNG, RGB), compile the catalog again, and build again.',
  });

const nameOf = ({ survey: { info } }: Context): string => (info && iconNameOf(info)) ?? 'AppIcon';

const compileAgain = ({ platform }: Context): string =>
  `Compile the asset catalog again, or build without Assets.car: one is then made of the icon (${platform === 'ios' ? 'Icon-1024.png' : 'AppIcon.png'}).`;

/** What a person sees in the place of the icon of the catalog. */
function shownInstead({ platform, survey: { pictures, icnsTypes, info } }: Context): string {
  const isDrawn = pictures.some(({ fault, size }) => fault === undefined && size !== undefined);
  if (platform === 'macos')
    return isDrawn || icnsTypes
      ? 'macOS shows the icon of the .icns file'
      : 'macOS shows the generic icon of an app';
  return isDrawn || hasLooseIcons(info) ? 'devices show the loose icons' : 'devices show an empty icon';
}

function hasLooseIcons(info: PlistDict | undefined): boolean {
  const icons = isDict(info?.CFBundleIcons) ? info.CFBundleIcons.CFBundlePrimaryIcon : undefined;
  return isDict(icons) && Array.isArray(icons.CFBundleIconFiles) && icons.CFBundleIconFiles.length > 0;
}
